// A proxy that keeps answers keeps none of a lock server.
'use strict';
const { ask, unlock, until } = require('./client');

module.exports = async (run) => {
  const { caching } = run.nginx.ports;
  const get = async (target, port = caching) => (await ask(port, 'GET', target)).body;

  await run.section('no LOCK is answered from a cache', async () => {
    const alice = '/LOCK/cached/alice?lock_timeout=60&lock_attempt_timeout=0';
    run.check('alice has it', Number(await get(alice)) > 1);
    run.equal('she gives it back', await unlock(run.server, 'cached', 'alice'), true);
    run.check('bob has it', Number(await get(alice.replace('alice', 'bob'))) > 1);
    run.equal('alice asks again, and it is not hers', await get(alice), '0\n');
  });

  await run.section('nor is any question', async () => {
    const targets = [
      '/CHECK/asked',
      '/VERIFY/asked/alice',
      '/v1/locks/asked',
      '/v1/locks?prefix=asked',
    ];
    const free = await Promise.all(targets.map((x) => get(x)));
    await get('/LOCK/asked/alice?lock_timeout=60', run.server.port);
    for (const [i, target] of targets.entries()) {
      const now = await get(target);
      run.check(`${target} is asked anew`, now !== free[i], now);
    }
    const uptime = async () => JSON.parse(await get('/v1/server')).uptime_ms;
    const before = await uptime();
    await until('the uptime grows', async () => (await uptime()) > before);
  });

  await run.section('nor does UNLOCK succeed from a cache', async () => {
    const target = '/UNLOCK/given/alice';
    await get('/LOCK/given/alice?lock_timeout=60', run.server.port);
    run.equal('it is given back', await get(target), '1\n');
    await get('/LOCK/given/alice?lock_timeout=60', run.server.port);
    run.equal('and once more', await get(target), '1\n');
    run.equal('and is free', await get('/CHECK/given', run.server.port), '0\n');
  });
};
