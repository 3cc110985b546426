// The configurations that docs/operations.md recommends do what it says of them.
'use strict';
const fs = require('fs');
const { Proxy } = require('./proxies');
const {
  Connection, ask, dialects, enc, granted, holder, reset, unlock, until, waiting, waits,
} = require('./client');

// What the page has in its first block of this language.
function block(page, language) {
  const found = new RegExp('^```' + language + '\\n(.*?)^```', 'ms').exec(page);
  if (!found) throw new Error(`operations.md has no ${language}`);
  return found[1];
}

const template = {
  haproxy: (text) =>
    `global\n  maxconn 100\n${text}`.replace('bind :9000', 'bind 127.0.0.1:{locks}'),
  nginx: (text) =>
    'error_log stderr; pid {folder}/readme.pid; events { worker_connections 100; }\n' +
    'http { access_log off;\n' +
    'client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n' +
    'fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;\n' +
    `scgi_temp_path {folder}/scgi;\n${text.replace('listen 9000', 'listen 127.0.0.1:{locks}')}}\n`,
};

const names = ['a/b', 'a/../b', '..', '.', '%2F', 'a b+c', '?x=1#y', 'é', '//', '"|^`'];

async function waitersLeave(run, port, name) {
  for (const leave of [(x) => x.close(), reset]) {
    const key = `readme/${name}/${leave.name}`;
    await dialects.json(new Connection(run.server.port), key, 'first').answer();
    const dead = dialects.lines(new Connection(port), key, 'dead', { wait: 60 });
    await waits(run.server, key, 'dead');
    const next = dialects.lines(new Connection(port), key, 'next', { wait: 60 });
    await waits(run.server, key, 'next');
    leave(dead);
    const left = async () => !(await waiting(run.server, key)).includes('dead');
    await until('the waiter leaves', left);
    await unlock(run.server, key, 'first');
    run.check('the next in line gets it', granted.lines(await next.answer()));
    next.close();
    run.equal('and holds it', await holder(run.server, key), 'next');
  }
}

async function namesArrive(run, port, proxy) {
  for (const name of names) {
    const key = `${proxy}${name}`;
    const path = `/LOCK/${enc(key)}/${enc(name)}?lock_timeout=60`;
    run.check(`${key} is locked`, Number((await ask(port, 'GET', path)).body) > 1);
    run.equal(`${key} has come through as it is`, await holder(run.server, key), name);
  }
  for (const name of ['.', '..']) {
    const path = `/v1/locks/${name.replaceAll('.', '%2E')}`;
    run.equal(`${path} is a key`, JSON.parse((await ask(port, 'GET', path)).body).key, name);
  }
}

module.exports = async (run) => {
  const text = fs.readFileSync(run.readme, 'utf8');
  for (const kind of ['haproxy', 'nginx']) {
    const configuration = block(text, kind).replace('127.0.0.1:8004', '{server}');
    const address = `127.0.0.1:${run.server.port}`;
    const proxy = await Proxy.start(kind, template[kind](configuration), address);
    const port = proxy.ports.locks;
    await run.section(`operations.md, ${kind}: who goes away leaves the line`, async () => {
      await until('the server is up', async () => (await ask(port, 'GET', '/PING')).body === '1\n');
      await waitersLeave(run, port, kind);
    });
    await run.section(`operations.md, ${kind}: every name comes through`, () =>
      namesArrive(run, port, kind),
    );
    await run.section(`operations.md, ${kind}: the server answers to its public name`, async () => {
      const ping = await ask(port, 'GET', '/PING', { headers: { Host: 'locks.example:9000' } });
      run.equal('it answers', [ping.status, ping.body], [200, '1\n']);
    });
    await run.section(`operations.md, ${kind}: a large page comes through`, async () => {
      const list = async (at) => (await ask(at, 'GET', '/v1/locks?limit=1000')).body;
      run.check('all of it', (await list(port)).length > 10000);
    });
    await proxy.stop();
  }
};
