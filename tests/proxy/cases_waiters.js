// Who goes away while it waits gets no lock, as far as the proxy tells the server.
'use strict';
const {
  Connection, ask, dialects, granted, holder, pause, reset, unlock, until, waiting, waits,
} = require('./client');

const noneWaits = async (run, key) => (await waiting(run.server, key)).length === 0;

const deaths = { closes: (connection) => connection.close(), 'is reset': reset };

// `dead` goes away while it waits for what `first` holds. Returns its proxy's connection.
async function die(run, port, key, dialect, leave, lasts) {
  await dialects.json(new Connection(run.server.port), key, 'first').answer();
  const dead = new Connection(port);
  dialects[dialect](dead, key, 'dead', { lasts, wait: 60 });
  await waits(run.server, key, 'dead');
  leave(dead);
}

async function deadWaiters(run) {
  const told = [
    ['HAProxy, abortonclose', run.haproxy.ports.abort_on_close],
    ['HAProxy, mode tcp', run.haproxy.ports.bytes],
    ['nginx, as it is', run.nginx.ports.plain],
    ['nginx, keepalive', run.nginx.ports.keep_alive],
  ];
  for (const [name, port] of told)
    for (const [how, leave] of Object.entries(deaths))
      for (const dialect of Object.keys(dialects))
        await run.section(`${name}: who ${how} leaves the line (${dialect})`, async () => {
          const key = `dead/${name}/${how}/${dialect}`;
          await die(run, port, key, dialect, leave, 60);
          await until('the waiter leaves', () => noneWaits(run, key));
          run.equal('who held it still does', await holder(run.server, key), 'first');
          run.equal('and gives it back', await unlock(run.server, key, 'first'), true);
          run.equal('to nobody', await holder(run.server, key), null);
        });
}

// The lock then goes to a client that is dead. It ends by its time, and the next one gets it.
async function unknownDeaths(run) {
  const untold = [
    ['HAProxy, no abortonclose', run.haproxy.ports.no_abort],
    ['nginx, proxy_ignore_client_abort', run.nginx.ports.no_abort],
  ];
  for (const [name, port] of untold)
    for (const [how, leave] of Object.entries(deaths))
      await run.section(`${name}: the lock of one who waited and ${how} ends`, async () => {
        const key = `untold/${name}/${how}`;
        await die(run, port, key, 'lines', leave, 0.5);
        const next = new Connection(run.server.port);
        dialects.json(next, key, 'next', { wait: 60 });
        await waits(run.server, key, 'next');
        await pause(200);
        const stays = (await waiting(run.server, key)).includes('dead');
        run.note(`${name}: a waiter that ${how} ${stays ? 'stays in' : 'leaves'} the line`);
        run.equal('the holder gives it back', await unlock(run.server, key, 'first'), true);
        run.check('the next one gets it', granted.json(await next.answer()));
        run.equal('and holds it', await holder(run.server, key), 'next');
        next.close();
      });
}

async function impatience(run) {
  for (const proxy of ['haproxy', 'nginx']) {
    const port = run[proxy].ports.impatient;
    for (const dialect of Object.keys(dialects))
      await run.section(`${proxy}: a wait beyond its patience ends (${dialect})`, async () => {
        const key = `impatient/${proxy}/${dialect}`;
        await dialects.json(new Connection(run.server.port), key, 'first').answer();
        const late = dialects[dialect](new Connection(port), key, 'late', { wait: 30 });
        run.equal('the proxy answers', (await late.answer()).status, 504);
        await until('the waiter leaves', () => noneWaits(run, key));
        run.equal('the holder gives it back', await unlock(run.server, key, 'first'), true);
        run.equal('to nobody', await holder(run.server, key), null);
      });

    await run.section(`${proxy}: a request that is repeated outlasts its patience`, async () => {
      const key = `repeated/${proxy}`;
      await dialects.json(new Connection(run.server.port), key, 'first').answer();
      const again = () =>
        dialects.json(new Connection(port), key, 'late', { wait: 30, id: 'r1' }).answer();
      for (let i = 0; i < 2; ++i) run.equal('the proxy answers', (await again()).status, 504);
      const last = again();
      await waits(run.server, key, 'late');
      run.equal('the holder gives it back', await unlock(run.server, key, 'first'), true);
      const grants = [await last, await again()];
      run.check('the request gets the lock', granted.json(grants[0]));
      const [one, two] = grants.map((x) => JSON.parse(x.body).token);
      run.equal('and the same grant when it is repeated', two, one);
      run.equal('and holds it', await holder(run.server, key), 'late');
      const renewed = await ask(port, 'PUT', `/v1/locks/${encodeURIComponent(key)}`, {
        body: { owner: 'late', token: one },
      });
      run.equal('and renews it', renewed.status, 200);
    });
  }
}

module.exports = async (run) => {
  await deadWaiters(run);
  await unknownDeaths(run);
  await impatience(run);
};
