// lockctl works through a proxy, also when that has less patience than lockctl has.
'use strict';
const { spawn } = require('child_process');
const { Connection, dialects, holder, inspect, unlock, until } = require('./client');

function lockctl(program, port, ...args) {
  const child = spawn(program, ['--server', `127.0.0.1:${port}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.on('exit', () => child.kill('SIGKILL'));
  child.out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (x) => (child.out += x));
  child.status = new Promise((resolve) =>
    child.on('close', (status) => resolve((child.ended = status ?? 'killed'))),
  );
  return child;
}

module.exports = async (run) => {
  for (const proxy of ['haproxy', 'nginx']) {
    const { plain, impatient } = run[proxy].ports;
    await run.section(`lockctl through ${proxy}`, async () => {
      const key = `lockctl/${proxy}`;
      const ran = lockctl(run.lockctl, plain, 'run', key, '--', 'sh', '-c', 'exit 7');
      run.equal('it ends as its command', await ran.status, 7);
      run.equal('and has given the lock back', await holder(run.server, key), null);
    });

    await run.section(`lockctl waits longer than ${proxy} does`, async () => {
      const key = `lockctl/${proxy}/late`;
      await dialects.json(new Connection(run.server.port), key, 'first').answer();
      const late = lockctl(run.lockctl, impatient, 'lock', key, '-q', '--owner', 'late',
        '--ttl', '60s', '--wait', '60s');
      // It has asked again when it has waited for less time than before.
      let longest = 0;
      await until('it asks again', async () => {
        const waited = (await inspect(run.server, key)).queue[0]?.waiting_ms ?? 0;
        const again = waited > 0 && waited < longest;
        longest = Math.max(longest, waited);
        return again || late.ended !== undefined;
      });
      run.equal('the holder gives it back', await unlock(run.server, key, 'first'), true);
      run.equal('lockctl gets it', await late.status, 0);
      const held = (await inspect(run.server, key)).holders.map((x) => `${x.owner} ${x.token}`);
      run.equal('and holds it by the token that it says', held, [`late ${late.out.trim()}`]);
    });
  }
};
