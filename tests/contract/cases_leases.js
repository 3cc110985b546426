// /v1/leases: many locks, one heartbeat.
'use strict';
const { until } = require('./server');

module.exports = async (run) => {
  await run.section('/v1/leases', () =>
    run.withServer(['--lock-timeout', '50'], async (server) => {
      const create = async (body) => (await run.call(server, 'createLease', { body })).json;
      const first = await create({ ttl_ms: 40000, owner: 'me' });
      run.equal('its time', first.ttl_ms, 40000);
      run.equal('the default is the setting', (await create({})).ttl_ms, 50000);
      run.equal('without a body, too', (await create(undefined)).ttl_ms, 50000);
      run.check('no two are alike', (await create({})).lease !== (await create({})).lease);
      const path = { lease: first.lease };
      run.equal('no locks yet', (await run.call(server, 'inspectLease', { path })).json.locks, []);
      const acquire = (key, more) =>
        run.call(server, 'acquireLock', {
          path: { key },
          body: { owner: 'me', ...first, ttl_ms: undefined },
          ...more,
        });
      const a = (await acquire('a')).json;
      const b = (await acquire('b', { body: { owner: 'me', lease: first.lease, mode: 'shared' } }))
        .json;
      run.check(
        'a grant has the time of its lease',
        a.ttl_ms <= 40000 && a.ttl_ms > 30000,
        a.ttl_ms,
      );
      const held = await run.call(server, 'inspectLock', { path: { key: 'a' } });
      run.equal('it has no time of its own', held.json.holders[0].ttl_ms, null);
      run.check('inspection does not show the lease', !held.body.includes(first.lease), held.body);
      await acquire('c', {
        body: { owner: 'you', lease: first.lease },
        expect: 409,
        code: 'wrong_owner',
      });
      for (const lease of ['f'.repeat(32), 'x'])
        await acquire('c', { body: { owner: 'me', lease }, expect: 410, code: 'lease_expired' });

      const details = (await run.call(server, 'inspectLease', { path })).json;
      run.equal(
        'its locks',
        details.locks,
        [
          { key: 'a', token: a.token },
          { key: 'b', token: b.token },
        ],
      );
      run.equal('and no others', details.next, null);
      const page = (query) => run.call(server, 'inspectLease', { path, query });
      const first1 = (await page({ limit: 1 })).json;
      run.equal('a page', [first1.locks.map((x) => x.key), first1.next], [['a'], 'a']);
      const last = (await page({ limit: 1, after: 'a' })).json;
      run.equal('the last page', [last.locks.map((x) => x.key), last.next], [['b'], null]);
      for (const rawQuery of ['limit=0', 'limit=1001', 'limit=x', 'after=%FF', 'prefix=a'])
        await run.call(server, 'inspectLease', {
          path,
          rawQuery,
          expect: 400,
          code: 'bad_request',
        });
      run.check(
        'what is left of it',
        details.ttl_ms <= 40000 && details.ttl_ms > 10000,
        details.ttl_ms,
      );
      for (const body of [undefined, {}])
        run.equal('a heartbeat', (await run.call(server, 'renewLease', { path, body })).json, {
          lease: first.lease,
          ttl_ms: 40000,
        });

      run.equal('ended', (await run.call(server, 'endLease', { path })).json, {
        lease: first.lease,
        ttl_ms: 0,
      });
      const gone = { path, expect: 410, code: 'lease_expired' };
      for (const id of ['endLease', 'renewLease', 'inspectLease']) await run.call(server, id, gone);
      for (const key of ['a', 'b'])
        run.equal(
          `${key} is free`,
          (await run.call(server, 'inspectLock', { path: { key } })).json.holders,
          [],
        );
      for (const lease of ['f'.repeat(32), 'f', 'F'.repeat(32), 'f'.repeat(33)])
        for (const id of ['endLease', 'renewLease', 'inspectLease'])
          await run.call(server, id, { ...gone, path: { lease } });

      const bad = (id, options) =>
        run.call(server, id, { expect: 400, code: 'bad_request', badBody: true, ...options });
      for (const ttl_ms of [0, -1, 1.5, '1', null]) await bad('createLease', { body: { ttl_ms } });
      await bad('createLease', { body: { ttl_ms: 86400001 }, schemaCannotTell: true });
      for (const owner of ['', 7, null, 'k'.repeat(513)])
        await bad('createLease', { body: { owner } });
      await bad('createLease', { body: { owner: 'a\u0000b' }, schemaCannotTell: true });
      await bad('createLease', { body: { unknown: 1 } });
      for (const body of ['{', '[]', 'null', '{} x']) await bad('createLease', { body });
      await bad('createLease', { body: {}, rawQuery: 'x=1', badBody: false });
      const living = { lease: (await create({})).lease };
      for (const body of ['{', '[]', 'null', '{"ttl_ms":1000}', '{} x'])
        await bad('renewLease', { path: living, body });
      for (const id of ['renewLease', 'inspectLease', 'endLease']) {
        await bad(id, { path: { lease: { raw: '%FF' } } });
        await bad(id, { path: living, rawQuery: 'x=1' });
      }
      for (const id of ['inspectLease', 'endLease'])
        await bad(id, { path: living, body: {}, badBody: false });
      for (const [id, options] of [
        ['createLease', {}],
        ['renewLease', { path: living }],
      ]) {
        await run.call(server, id, {
          ...options,
          body: {},
          headers: { 'Content-Type': 'text/plain' },
          expect: 415,
          code: 'unsupported_media_type',
        });
        await run.call(server, id, {
          ...options,
          body: '{}'.padEnd(65537),
          expect: 413,
          code: 'too_large',
        });
      }

      const brief = { lease: (await create({ ttl_ms: 500 })).lease };
      await run.call(server, 'acquireLock', {
        path: { key: 'brief' },
        body: { owner: 'me', ...brief },
      });
      await until(
        'the end of a lease',
        async () =>
          (await server.ask('GET', run.target('inspectLease', { path: brief }))).status === 410,
      );
      run.equal(
        'its locks have ended',
        (await run.call(server, 'inspectLock', { path: { key: 'brief' } })).json.holders,
        [],
      );
    }),
  );
};
