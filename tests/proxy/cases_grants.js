// Locks that are taken through a proxy are held until they end, whatever becomes of connections.
'use strict';
const { Connection, dialects, granted, held, pause, reset } = require('./client');

const settings = [
  ['no proxy', 'server', 'port'],
  ['HAProxy, as it is', 'haproxy', 'plain'],
  ['HAProxy, http-keep-alive', 'haproxy', 'keep_alive'],
  ['HAProxy, httpclose', 'haproxy', 'httpclose'],
  ['HAProxy, http-server-close', 'haproxy', 'server_close'],
  ['HAProxy, http-reuse always', 'haproxy', 'reuse_always'],
  ['HAProxy, abortonclose', 'haproxy', 'abort_on_close'],
  ['HAProxy, mode tcp', 'haproxy', 'bytes'],
  ['nginx, as it is', 'nginx', 'plain'],
  ['nginx, keepalive', 'nginx', 'keep_alive'],
];

// How a client leaves when it has read its grant. `asked`: after another answer on the same
// connection, since when its system takes its time to acknowledge what has arrived.
const endings = [
  { leave: (connection) => connection.close() },
  { leave: reset },
  { leave: reset, asked: true },
  { stays: true },
];

const portOf = (run, proxy, port) => run[proxy].ports?.[port] ?? run[proxy][port];

const each = 200;

const closes = (answer) => answer.headers.connection === 'close';

// Takes `each` locks, in both dialects, by clients that leave in every way in turn.
async function take(port, prefix) {
  let kept = new Connection(port);
  let count = 0;
  for (let i = 0; i < each; ++i) {
    const dialect = Object.keys(dialects)[i % 2];
    const { leave, asked, stays } = endings[Math.floor(i / 2) % endings.length];
    let connection = stays ? kept : new Connection(port);
    if (asked && closes(await connection.send('GET', '/PING').answer()))
      connection = new Connection(port);
    const key = `${prefix}${i}`;
    const answer = await dialects[dialect](connection, key, 'me', { lasts: 600 }).answer();
    if (granted[dialect](answer)) ++count;
    if (!stays) leave(connection);
    else if (closes(answer)) kept = new Connection(port);
  }
  return { count, kept };
}

module.exports = async (run) => {
  const row = (...cells) => console.log(cells.map((x, i) => `${x}`.padEnd(i ? 10 : 30)).join(''));
  row('through', 'granted', '50 ms on', 'all closed');
  for (const [name, proxy, port] of settings)
    await run.section(`${each} locks through ${name}`, async () => {
      const prefix = `grants/${proxy}/${port}/`;
      const { count, kept } = await take(portOf(run, proxy, port), prefix);
      await pause(50);
      const soon = await held(run.server, prefix);
      kept.close();
      await pause(50);
      const later = await held(run.server, prefix);
      row(name, count, soon, later);
      run.equal(`${name}: all are granted`, count, each);
      run.equal(`${name}: all are held`, soon, each);
      run.equal(`${name}: and when the last connection is closed`, later, each);
    });
  // For the end, when the proxies are gone as well.
  run.finally(async () => {
    for (const [name, proxy, port] of settings) {
      const last = await held(run.server, `grants/${proxy}/${port}/`);
      run.equal(`${name}: all are held when the proxy has ended`, last, each);
    }
  });
};
