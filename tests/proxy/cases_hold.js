// A lock that ends with its connection, behind a proxy, ends with the proxy's.
'use strict';
const { Connection, dialects, granted, holder, reset, until } = require('./client');

module.exports = async (run) => {
  const take = async (port, key) => {
    const connection = new Connection(port);
    const answer = await dialects.json(connection, key, 'me', { hold: 'connection' }).answer();
    run.check(`${key} is granted`, granted.json(answer));
    return connection;
  };
  const ends = (key) => until(`${key} ends`, async () => !(await holder(run.server, key)));

  for (const leave of [(x) => x.close(), reset])
    await run.section('HAProxy, mode tcp: "hold":"connection" is the client\'s own', async () => {
      const key = `hold/tcp/${leave.name}`;
      const connection = await take(run.haproxy.ports.bytes, key);
      await connection.send('GET', '/PING').answer();
      run.equal('it is held while the client is there', await holder(run.server, key), 'me');
      leave(connection);
      await ends(key);
    });

  await run.section('nginx, as it is: "hold":"connection" ends with the answer', async () => {
    const connection = await take(run.nginx.ports.plain, 'hold/nginx');
    await ends('hold/nginx');
    connection.close();
  });
};
