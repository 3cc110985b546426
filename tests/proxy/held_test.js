// Clients hold locks in turns while their connections are reset, by HAProxy, by the network, and
// by both: held_test.js PROGRAM HELD-UNDER-RESETS GRANTS
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { Server } = require('../contract/server');
const { Proxy } = require('./proxies');

function resets(program, ...args) {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  return new Promise((resolve) => child.on('exit', (status) => resolve(status)));
}

async function main([program, heldUnderResets, grants]) {
  let ok = true;
  const server = await Server.start(program);
  const template = fs.readFileSync(path.join(__dirname, 'haproxy.cfg'), 'utf8');
  const haproxy = await Proxy.start('haproxy', template, `127.0.0.1:${server.port}`);
  const { plain, bytes } = haproxy.ports;
  // How long the pauses between resets are at most, in milliseconds. HAProxy goes on with the
  // requests of clients that are gone, and their locks wait for a client that pauses the longer,
  // the more tries fail: with many more resets, all clients would wait for one in its pause.
  for (const [name, ...args] of [
    ['through HAProxy', plain, grants],
    ['through a network that resets', server.port, grants, 100],
    ['through a network that resets, and HAProxy', plain, grants, 500],
    ['through a network that resets, and HAProxy in mode tcp', bytes, grants, 500],
  ]) {
    process.stdout.write(`${name}: `);
    if ((await resets(heldUnderResets, ...args.map(String))) === 0) continue;
    console.log(`FAILED: ${name}`);
    ok = false;
  }
  await haproxy.stop();
  return ok && (await server.stop()) === 0;
}

main(process.argv.slice(2)).then(
  (ok) => process.exit(ok ? 0 : 1),
  (error) => {
    console.log(`FAILED: ${error.stack}`);
    process.exit(1);
  },
);
