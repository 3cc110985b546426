// What a server with an access file answers: who may do what, and what belongs to whom.
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { until } = require('./server');

// A directory with an access file of three identities; `as` has the fields that a request of
// each shows. Anonymous clients have no rights.
function makeAccess(program) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockserver-access-'));
  const as = {};
  const identities = {};
  for (const [name, roles] of [
    ['ci', ['worker']],
    ['ops', ['operator']],
    ['guest', []],
  ]) {
    const [token, hash] = execFileSync(program, ['token', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n');
    as[name] = { headers: { Authorization: `Bearer ${token}` } };
    const basic = Buffer.from(`${name}:${token}`).toString('base64');
    as[`${name} by Basic`] = { headers: { Authorization: `Basic ${basic}` } };
    identities[name] = { tokens: [hash], roles, owners: ['me', `${name}/*`] };
  }
  const rules = {
    identities,
    roles: {
      worker: [{ keys: 'k', allow: ['acquire'] }],
      operator: [{ keys: '', allow: ['acquire', 'force'] }, { allow: ['admin'] }],
    },
  };
  const file = path.join(directory, 'access.json');
  fs.writeFileSync(file, JSON.stringify(rules), { mode: 0o600 });
  return { as, file, end: () => fs.rmSync(directory, { recursive: true }) };
}

const lease = 'f'.repeat(32);
const wrong = { headers: { Authorization: `Bearer lsk_${'A'.repeat(43)}` } };

// A request for each operation that needs a right, which the server would else serve.
const requests = {
  acquireLock: { path: { key: 'k' }, body: { owner: 'me', wait_ms: 0 } },
  renewLock: { path: { key: 'k' }, body: { owner: 'me' } },
  releaseLock: { path: { key: 'k' }, query: { owner: 'me' } },
  inspectLock: { path: { key: 'k' } },
  listLocks: {},
  createLease: {},
  renewLease: { path: { lease } },
  inspectLease: { path: { lease } },
  endLease: { path: { lease } },
  getServer: {},
  lockTerraform: { path: { key: 'k' }, body: { ID: 'me' } },
  unlockTerraform: { path: { key: 'k' }, body: { ID: 'me' } },
};
for (const by of ['', 'ByPost'])
  Object.assign(requests, {
    [`lock${by}`]: { path: { key: 'k', requester: 'me' } },
    [`unlock${by}`]: { path: { key: 'k', requester: 'me' } },
    [`verify${by}`]: { path: { key: 'k', requester: 'me' } },
    [`check${by}`]: { path: { key: 'k' } },
    [`shutdown${by}`]: {},
  });

async function needsRights(run, as, server) {
  for (const [id, options] of Object.entries(requests)) {
    const isLine = run.document.operation(id).dialect === 'line';
    const code = (x) => (isLine ? {} : { code: x });
    await run.call(server, id, { ...options, expect: 401, ...code('unauthenticated') });
    await run.call(server, id, { ...options, ...as.guest, expect: 403, ...code('forbidden') });
  }
  const withRights = [...run.document.operations.values()]
    .filter((x) => x.responses['403'])
    .map((x) => x.id);
  run.equal('each operation that has 403 was asked', Object.keys(requests).sort(), withRights.sort());
  for (const id of ['getHealth', 'getReadiness', 'getDescription', 'ping', 'pingByPost'])
    for (const who of [{}, wrong]) await run.call(server, id, who);
}

async function saysWho(run, as, server) {
  const access = async (who) => (await run.call(server, 'getAccess', who)).json;
  const nobody = { identity: null, roles: [], rights: [], owners: [] };
  run.equal('who shows nothing', await access({}), nobody);
  for (const name of ['ops', 'ops by Basic'])
    run.equal(name, await access(as[name]), {
      identity: 'ops',
      roles: ['operator'],
      rights: [{ keys: '', allow: ['acquire', 'force'] }, { allow: ['admin'] }],
      owners: ['me', 'ops/*'],
    });
  const { settings } = (await run.call(server, 'getServer', as.ci)).json;
  run.check('settings are for admins', settings === undefined);
  run.check('and they see them', (await run.call(server, 'getServer', as.ops)).json.settings);
}

// Both may use the same owner.
async function belongs(run, as, server) {
  const path = { key: 'k' };
  const body = { owner: 'me', ttl_ms: 60000, wait_ms: 0 };
  const { token } = (await run.call(server, 'acquireLock', { path, body, ...as.ci })).json;
  const anothers = { ...as.ops, expect: 403, code: 'forbidden' };
  const mine = { owner: 'me', token };
  await run.call(server, 'renewLock', { path, body: mine, ...anothers });
  await run.call(server, 'releaseLock', { path, query: mine, ...anothers });
  const held = { ...as.ops, expect: 423, code: 'held' };
  const refused = await run.call(server, 'acquireLock', { path, body, ...held });
  run.equal('two identities are two holders', refused.json.holders[0].identity, 'ci');
  const waiter = run.begin(server, 'acquireLock', {
    path,
    body: { ...body, wait_ms: 60000 },
    ...as.ops,
  });
  const first = async () => (await run.call(server, 'inspectLock', { path, ...as.ci })).json.queue[0];
  const waiting = await until('a waiter', first);
  run.equal('the waiter', [waiting.owner, waiting.identity], ['me', 'ops']);
  waiter.connection.close();
  await run.call(server, 'releaseLock', { path, query: { force: 'true' }, ...as.ci, expect: 403 });
  await run.call(server, 'releaseLock', { path, query: { force: 'true' }, ...as.ops });
  await run.call(server, 'acquireLock', {
    path,
    body: { ...body, owner: 'ops/x' },
    ...as.ci,
    expect: 403,
    code: 'owner_not_yours',
  });
}

async function leaseBelongs(run, as, server) {
  const lease = (await run.call(server, 'createLease', { body: { ttl_ms: 60000 }, ...as.ci })).json
    .lease;
  const anothers = { path: { lease }, ...as.ops, expect: 403, code: 'forbidden' };
  await run.call(server, 'renewLease', anothers);
  await run.call(server, 'inspectLease', anothers);
  const body = { owner: 'me', lease };
  await run.call(server, 'acquireLock', { ...anothers, path: { key: 'k' }, body });
  await run.call(server, 'endLease', { path: { lease }, ...as.ops });
}

module.exports = async (run) => {
  const { document } = run;
  const { as, file, end } = makeAccess(run.program);
  const section = (name, action, ...more) =>
    run.section(`access: ${name}`, () =>
      run.withServer(['--access', file, ...more], (server) => action(run, as, server)),
    );

  await section('each operation needs its right', needsRights);
  await section('a client learns who it is', saysWho);
  await section('a lock belongs to the identity that took it', belongs);
  await section('a lease belongs to the identity that made it', leaseBelongs);

  const any = (dialect, answer, status, code) => {
    for (const problem of document.judgeAny(dialect, answer)) run.check(code, false, problem);
    const found = dialect === 'json' ? JSON.parse(answer.body).code : undefined;
    run.equal(answer.body, [answer.status, found], [status, code]);
  };

  await section('what any request can get', async (_, __, server) => {
    const me = { body: { owner: 'you' }, ...as.ci };
    any('json', await server.ask('GET', '/v1/locks'), 401, 'unauthenticated');
    any('json', await server.ask('GET', '/v1/locks/x', as.ci), 403, 'forbidden');
    any('json', await server.ask('POST', '/v1/locks/k', me), 403, 'owner_not_yours');
    any('line', await server.ask('GET', '/CHECK/k'), 401);
    any('line', await server.ask('GET', '/LOCK/k/you', as.ci), 403);
    await run.call(server, 'getAccess', { ...wrong, expect: 401, code: 'unauthenticated' });
    const old = await server.connect().write('GET /LOCK/k/me\r\n').rest();
    run.equal('HTTP/0.9 without the right', old, '0\n');
    const isPaused = async () => (await server.ask('GET', '/v1/locks', wrong)).status === 429;
    await until('a pause after wrong tokens', isPaused);
    any('json', await server.ask('GET', '/v1/locks', wrong), 429, 'too_many');
    any('line', await server.ask('GET', '/CHECK/k', wrong), 429);
    const renewal = { path: { key: 'k' }, body: { owner: 'me' }, ...as.ci };
    await run.call(server, 'renewLock', { ...renewal, expect: 409, code: 'not_holder' });
  });

  await section(
    'operators do nothing that cannot be audited',
    async (_, __, server) => {
      const failed = { ...as.ops, expect: 503 };
      const path = { key: 'k' };
      const created = await run.call(server, 'createLease', { body: { ttl_ms: 60000 }, ...as.ci });
      const { lease } = created.json;
      const force = { path, query: { force: 'true' } };
      await run.call(server, 'releaseLock', { ...force, ...failed, code: 'audit_failed' });
      await run.call(server, 'endLease', { path: { lease }, ...failed, code: 'audit_failed' });
      await run.call(server, 'unlockTerraform', { path, ...failed, code: 'audit_failed' });
      for (const by of ['', 'ByPost']) await run.call(server, `shutdown${by}`, failed);
      any('json', await server.ask('DELETE', '/terraform/k', as.ops), 503, 'audit_failed');
      any('line', await server.ask('GET', '/SHUTDOWN', as.ops), 503);
      await run.call(server, 'endLease', { path: { lease }, ...as.ci });
    },
    ...['--audit-log', '/dev/full', '--audit-required', '--allow-shutdown'],
  );
  end();
};
