// Asks for locks through a proxy, and the server itself what has become of them.
'use strict';
const { Connection, until } = require('../contract/server');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The connection's end as an impatient system, a crash or a firewall makes it.
const reset = (connection) => connection.socket.resetAndDestroy();

const enc = encodeURIComponent;

// Sends a request for a lock, in lines or in JSON. Times are in seconds.
const dialects = {
  lines(connection, key, owner, { lasts = 60, wait = 0 } = {}) {
    const times = `lock_timeout=${lasts}&lock_attempt_timeout=${wait}`;
    return connection.send('GET', `/LOCK/${enc(key)}/${enc(owner)}?${times}`);
  },
  json(connection, key, owner, { lasts = 60, wait = 0, id, ...more } = {}) {
    const body = { owner, ttl_ms: lasts * 1000, wait_ms: wait * 1000, request_id: id, ...more };
    return connection.send('POST', `/v1/locks/${enc(key)}`, { body });
  },
};

const granted = {
  lines: (answer) => answer.status === 200 && Number(answer.body) > 1,
  json: (answer) => answer.status === 200 && JSON.parse(answer.body).token > 0,
};

async function ask(port, method, target, options) {
  const connection = new Connection(port);
  try {
    return await connection.send(method, target, options).answer(method);
  } finally {
    connection.close();
  }
}

const inspect = async (server, key) =>
  JSON.parse((await ask(server.port, 'GET', `/v1/locks/${enc(key)}`)).body);
const holder = async (server, key) => (await inspect(server, key)).holders[0]?.owner ?? null;
const waiting = async (server, key) => (await inspect(server, key)).queue.map((x) => x.owner);

// How many keys with this prefix are held.
async function held(server, prefix) {
  let count = 0;
  for (let after = ''; after !== null; ) {
    const target = `/v1/locks?prefix=${enc(prefix)}&limit=100&after=${enc(after)}`;
    const page = JSON.parse((await ask(server.port, 'GET', target)).body);
    count += page.locks.length;
    after = page.next;
  }
  return count;
}

const unlock = async (server, key, owner) =>
  (await ask(server.port, 'GET', `/UNLOCK/${enc(key)}/${enc(owner)}`)).body === '1\n';

const waits = (server, key, owner) =>
  until(`${owner} waits for ${key}`, async () => (await waiting(server, key)).includes(owner));

module.exports = {
  Connection, ask, dialects, enc, granted, held, holder, inspect, pause, reset, unlock, until,
  waiting, waits,
};
