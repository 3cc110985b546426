// Clients that break off anywhere cost nobody else anything.
'use strict';
const { Connection, ask, dialects, granted, holder, reset, until } = require('./client');

const requests = [
  'GET /LOCK/aborted/me?lock_timeout=0.05&lock_attempt_timeout=0 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'POST /v1/locks/aborted HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    'Content-Length: 38\r\n\r\n{"owner":"me","ttl_ms":50,"wait_ms":9}',
  'POST /v1/locks/aborted HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n1a\r\n{"owner":"me","ttl_ms":50}\r\n0\r\n\r\n',
];

const counts = async (server) =>
  JSON.parse((await ask(server.port, 'GET', '/v1/server')).body).counts;

module.exports = async (run) => {
  const ports = Object.values(run.haproxy.ports).concat(Object.values(run.nginx.ports));
  await run.section('clients break off after any byte', async () => {
    for (const request of requests)
      for (let size = 1; size <= request.length; ++size) {
        const port = ports[size % ports.length];
        const connection = new Connection(port).write(request.slice(0, size));
        await new Promise((resolve) => connection.socket.on('connect', resolve));
        if (size % 2) reset(connection);
        else connection.close();
      }
  });
  await run.section('nothing is left of them', async () => {
    await until('nobody waits', async () => (await counts(run.server)).waiters === 0);
    await until('the lock ends', async () => (await holder(run.server, 'aborted')) === null);
    for (const [name, port] of Object.entries(run.haproxy.ports)) {
      const answer = await dialects.json(new Connection(port), `after/${name}`, 'me').answer();
      run.check(`HAProxy, ${name}: locks are granted`, granted.json(answer));
    }
    for (const [name, port] of Object.entries(run.nginx.ports)) {
      const answer = await dialects.lines(new Connection(port), `after/n/${name}`, 'me').answer();
      run.check(`nginx, ${name}: locks are granted`, granted.lines(answer));
    }
  });
};
