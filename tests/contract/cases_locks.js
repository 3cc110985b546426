// /v1/locks: acquire, renew, release, inspect, list; each with each kind of bad input.
'use strict';
const { until } = require('./server');
const { badSegments, badTexts } = require('./bad_names');

module.exports = async (run) => {
  await run.section('/v1/locks: the life of a lock', () =>
    run.withServer(['--lock-timeout', '2000', '--lock-attempt-timeout', '0'], async (server) => {
      const path = { key: 'a/b €' };
      const free = (await run.call(server, 'inspectLock', { path })).json;
      run.equal('a free key', free, { key: 'a/b €', holders: [], queue: [] });

      const grant = (
        await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'me', metadata: 'build "1" €' },
        })
      ).json;
      run.equal(
        'whose and how',
        [grant.key, grant.owner, grant.mode],
        ['a/b €', 'me', 'exclusive'],
      );
      run.check(
        'ttl_ms is the default',
        grant.ttl_ms > 1990000 && grant.ttl_ms <= 2000000,
        grant.ttl_ms,
      );
      run.check(
        'expires_at_ms is that',
        Math.abs(grant.expires_at_ms - Date.now() - 2e6) < 30000,
        grant.expires_at_ms,
      );
      run.check('waited_ms is small', grant.waited_ms < 1000, grant.waited_ms);
      const held = (await run.call(server, 'inspectLock', { path })).json;
      const [holder] = held.holders;
      run.equal(
        'its holder',
        [held.holders.length, holder.owner, holder.mode, holder.token, holder.metadata],
        [1, 'me', 'exclusive', grant.token, 'build "1" €'],
      );
      run.check('what is left', holder.ttl_ms > 1900000 && holder.ttl_ms <= 2000000, holder.ttl_ms);

      await run.call(server, 'acquireLock', {
        path,
        body: { owner: 'me' },
        expect: 409,
        code: 'already_held',
      });
      const refused = (
        await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'you' },
          expect: 423,
          code: 'held',
        })
      ).json;
      run.equal(
        '423 names the holder',
        refused.holders.map((x) => x.token),
        [grant.token],
      );
      run.equal('and the queue', refused.queue_length, 0);
      const late = await run.call(server, 'acquireLock', {
        path,
        body: { owner: 'you', wait_ms: 30 },
        expect: 423,
        code: 'wait_timeout',
      });
      run.equal(
        'the same after a wait',
        late.json.holders.map((x) => x.token),
        [grant.token],
      );

      const waiter = run.begin(server, 'acquireLock', {
        path,
        body: { owner: 'you', wait_ms: 60000, ttl_ms: 50000 },
      });
      await until(
        'a waiter',
        async () => (await run.call(server, 'inspectLock', { path })).json.queue.length === 1,
      );
      await run.call(server, 'acquireLock', {
        path,
        body: { owner: 'you', wait_ms: 60000 },
        expect: 409,
        code: 'already_waiting',
      });

      const renewed = (
        await run.call(server, 'renewLock', {
          path,
          body: { owner: 'me', token: grant.token, ttl_ms: 30000 },
        })
      ).json;
      run.equal('the token stays', renewed.token, grant.token);
      run.equal('a renewal does not wait', renewed.waited_ms, 0);
      run.check('it may be shorter', renewed.ttl_ms <= 30000 && renewed.ttl_ms > 0, renewed.ttl_ms);
      const again = (await run.call(server, 'renewLock', { path, body: { owner: 'me' } })).json;
      run.check(
        'the default is the setting',
        again.ttl_ms > 1990000 && again.ttl_ms <= 2000000,
        again.ttl_ms,
      );
      const notMine = { path, expect: 409, code: 'not_holder' };
      await run.call(server, 'renewLock', { ...notMine, body: { owner: 'you' } });
      const wrongToken = (
        await run.call(server, 'renewLock', {
          ...notMine,
          body: { owner: 'me', token: grant.token + 1 },
        })
      ).json;
      run.equal(
        '409 names the holder',
        wrongToken.holders.map((x) => x.owner),
        ['me'],
      );
      await run.call(server, 'releaseLock', { ...notMine, query: { owner: 'you' } });
      await run.call(server, 'releaseLock', {
        ...notMine,
        query: { owner: 'me', token: grant.token + 1 },
      });

      run.equal(
        'released',
        (
          await run.call(server, 'releaseLock', {
            path,
            query: { owner: 'me', token: grant.token },
          })
        ).json,
        { released: true },
      );
      const next = (await waiter.done).json;
      waiter.connection.close();
      run.equal(
        'the waiter has it',
        [next.owner, next.ttl_ms > 40000 && next.ttl_ms <= 50000, next.waited_ms > 0],
        ['you', true, true],
      );
      await run.call(server, 'releaseLock', { ...notMine, query: { owner: 'me' } });
      run.equal(
        'by force',
        (await run.call(server, 'releaseLock', { path, query: { force: 'true' } })).json,
        { released: true },
      );
      run.equal(
        'again',
        (await run.call(server, 'releaseLock', { path, query: { force: 'true' } })).json,
        { released: false },
      );
      const nobody = (
        await run.call(server, 'releaseLock', { ...notMine, query: { owner: 'you' } })
      ).json;
      run.equal('nobody holds it', nobody.holders, []);
      await run.call(server, 'renewLock', { ...notMine, body: { owner: 'you' } });

      await run.call(server, 'acquireLock', { path, body: { owner: 'brief', ttl_ms: 30 } });
      await until(
        'expiry',
        async () => (await run.call(server, 'inspectLock', { path })).json.holders.length === 0,
      );
      await run.call(server, 'acquireLock', {
        path,
        body: {
          owner: 'me',
          hold: 'ttl',
          mode: 'exclusive',
          request_id: 'x'.repeat(64),
          metadata: 'm'.repeat(1024),
          ttl_ms: 86400000,
          wait_ms: 3600000,
        },
      });
      await run.call(server, 'releaseLock', { path, query: { owner: 'me', force: 'false' } });
      const longest = { key: 'k'.repeat(512) };
      await run.call(server, 'acquireLock', { path: longest, body: { owner: 'o'.repeat(512) } });
      await run.call(server, 'releaseLock', { path: longest, query: { owner: 'o'.repeat(512) } });

      for (const type of ['application/json; charset=utf-8', 'Application/JSON']) {
        await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'me' },
          headers: { 'Content-Type': type },
        });
        await run.call(server, 'releaseLock', { path, query: { owner: 'me' } });
      }
      const text = '{"owner":"me"}';
      const largest = text + ' '.repeat(65536 - text.length);
      await run.call(server, 'acquireLock', { path, body: largest });
      await run.call(server, 'releaseLock', { path, query: { owner: 'me' } });
      await run.call(server, 'acquireLock', {
        path,
        body: `${text} `.padEnd(65537),
        expect: 413,
        code: 'too_large',
      });
      const chunked = (body) =>
        body
          .match(/[^]{1,4000}/g)
          .map((x) => `${x.length.toString(16)}\r\n${x}\r\n`)
          .join('') + '0\r\n\r\n';
      const headers = { 'Transfer-Encoding': 'chunked' };
      await run.call(server, 'acquireLock', { path, headers, body: chunked(largest) });
      await run.call(server, 'releaseLock', { path, query: { owner: 'me' } });
      await run.call(server, 'acquireLock', {
        path,
        headers,
        body: chunked(`${largest} `),
        expect: 413,
        code: 'too_large',
      });
      const patient = await run.call(server, 'acquireLock', {
        path,
        headers: { Expect: '100-continue' },
        body: text,
      });
      run.equal('one 100 Continue at most', patient.interim <= 1, true);
      await run.call(server, 'releaseLock', { path, query: { owner: 'me' } });
      const expecting = server
        .connect()
        .write(
          'POST /v1/locks/expect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
            'Content-Length: 14\r\nExpect: 100-continue\r\n\r\n',
        );
      await until('100 Continue before the body', () =>
        expecting.bytes.toString().startsWith('HTTP/1.1 100 Continue\r\n\r\n'),
      );
      run.equal('the answer after it', (await expecting.write(text).answer()).status, 200);
      expecting.close();
    }),
  );

  await run.section('/v1/locks: bad input changes nothing', () =>
    run.withServer(['--max-holders-per-key', '7'], async (server) => {
      const path = { key: 'free' };
      const bad = (id, options) =>
        run.call(server, id, { path, expect: 400, code: 'bad_request', ...options });
      const badBody = (id, body, schemaCannotTell = false) =>
        bad(id, { body, badBody: true, schemaCannotTell });

      for (const key of badSegments) {
        await bad('acquireLock', { path: { key }, body: { owner: 'me' } });
        await bad('renewLock', { path: { key }, body: { owner: 'me' } });
        await bad('releaseLock', { path: { key }, query: { owner: 'me' } });
        await bad('inspectLock', { path: { key } });
      }
      const noJson = [
        '',
        ' ',
        '{',
        '{"owner":"me"',
        '{"owner":"me"} x',
        '{"owner":"me",}',
        "{'owner':'me'}",
        'owner=me',
        '[]',
        '"me"',
        'null',
        '7',
        '['.repeat(5000),
        Buffer.from([0x22, 0xff, 0x22]),
        Buffer.concat([Buffer.from('{"owner":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
      ];
      for (const body of noJson)
        for (const id of ['acquireLock', 'renewLock']) await bad(id, { body });
      for (const id of ['acquireLock', 'renewLock']) {
        await bad(id, {}); // no body at all
        await bad(id, { body: '{"owner":"me","owner":"me"}' });
        await badBody(id, {});
        for (const [text, canTell] of badTexts) {
          await bad(id, { body: `{"owner":${text}}` });
          run.equal(
            `the document and the owner ${text.slice(0, 20)}`,
            run.document.judge(
              { $ref: '#/components/schemas/AcquireRequest' },
              { owner: JSON.parse(text) },
            ) !== '',
            canTell,
          );
        }
        for (const ttl_ms of [0, -1, 1.5, '1', null, true])
          await badBody(id, { owner: 'me', ttl_ms });
        for (const ttl_ms of [86400001, 1e15]) await badBody(id, { owner: 'me', ttl_ms }, true);
        for (const number of [
          '9223372036854775808',
          '1e400',
          '18446744073709551617',
          '1e3',
          '1000.0',
        ])
          await bad(id, { body: `{"owner":"me","ttl_ms":${number}}` });
        await badBody(id, { owner: 'me', unknown: 1 });
        await bad(id, { body: { owner: 'me' }, rawQuery: 'x=1' });
      }
      for (const wait_ms of [-1, 0.5, '0', null])
        await badBody('acquireLock', { owner: 'me', wait_ms });
      await badBody('acquireLock', { owner: 'me', wait_ms: 3600001 }, true);
      for (const mode of ['both', '', 1, null]) await badBody('acquireLock', { owner: 'me', mode });
      for (const limit of [0, -1, 1.5, '2', null])
        await badBody('acquireLock', { owner: 'me', mode: 'shared', limit });
      await badBody('acquireLock', { owner: 'me', mode: 'shared', limit: 8 }, true);
      await badBody('acquireLock', { owner: 'me', limit: 2 });
      await badBody('acquireLock', { owner: 'me', mode: 'exclusive', limit: 2 });
      for (const request_id of ['', 'x'.repeat(65), 7, null])
        await badBody('acquireLock', { owner: 'me', request_id });
      await badBody('acquireLock', { owner: 'me', request_id: '€'.repeat(22) }, true);
      for (const hold of ['forever', '', 1, null])
        await badBody('acquireLock', { owner: 'me', hold });
      for (const metadata of ['x'.repeat(1025), 7, null, {}])
        await badBody('acquireLock', { owner: 'me', metadata });
      await badBody('acquireLock', { owner: 'me', metadata: '€'.repeat(342) }, true);
      for (const lease of ['', 7, null]) await badBody('acquireLock', { owner: 'me', lease });
      const { lease } = (await run.call(server, 'createLease', { body: { ttl_ms: 60000 } })).json;
      await badBody('acquireLock', { owner: 'me', lease, ttl_ms: 1000 });
      await badBody('acquireLock', { owner: 'me', lease, hold: 'connection' });
      for (const token of [0, -1, 1.5, '1', null])
        await badBody('renewLock', { owner: 'me', token });
      await bad('renewLock', { body: '{"owner":"me","token":9223372036854775808}' });
      for (const rawQuery of [
        undefined,
        '',
        'owner=',
        'owner=%FF',
        'owner=%00',
        `owner=${'k'.repeat(513)}`,
        'owner=%zz',
        'owner=me&owner=you',
        'token=1',
        'owner=me&token=0',
        'owner=me&token=-1',
        'owner=me&token=x',
        'owner=me&token=',
        'owner=me&token=9223372036854775808',
        'owner=me&token=1.5',
        'owner=me&token=1&token=1',
        'force=maybe',
        'force=',
        'force=false',
        'force=true&owner=me',
        'force=true&token=1',
        'force=true&force=true',
        'owner=me&x=1',
        'x=1',
      ])
        await bad('releaseLock', { rawQuery });
      await bad('inspectLock', { rawQuery: 'x=1' });
      await bad('inspectLock', { body: {} });
      await bad('releaseLock', { query: { owner: 'me' }, body: {} });
      await bad('listLocks', { path: {}, body: {} });
      for (const rawQuery of [
        'limit=0',
        'limit=1001',
        'limit=-1',
        'limit=x',
        'limit=',
        'limit=1.5',
        'limit=1&limit=1',
        'prefix=%FF',
        'prefix=%zz',
        'prefix=%00',
        `prefix=${'k'.repeat(513)}`,
        'after=%FF',
        `after=${'k'.repeat(513)}`,
        'x=1',
      ])
        await bad('listLocks', { path: {}, rawQuery });
      const later = (await run.call(server, 'inspectLock', { path })).json;
      run.equal('nothing has changed', later, { key: 'free', holders: [], queue: [] });
      run.equal('nowhere', (await run.call(server, 'listLocks')).json, { locks: [], next: null });

      // A grant that lives with a lease.
      await run.call(server, 'acquireLock', { path, body: { owner: 'me', lease } });
      await bad('renewLock', { body: { owner: 'me' } });

      for (const id of ['acquireLock', 'renewLock']) {
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'application/jsonp',
          null,
        ])
          await run.call(server, id, {
            path,
            body: { owner: 'x' },
            headers: { 'Content-Type': type },
            expect: 415,
            code: 'unsupported_media_type',
          });
        await run.call(server, id, {
          path,
          body: '{"owner":"x"}'.padEnd(65537),
          expect: 413,
          code: 'too_large',
        });
      }
    }),
  );

  await run.section('/v1/locks: the list', () =>
    run.withServer([], async (server) => {
      const keys = ['b/1', 'a', 'b/2', 'c€', 'b', 'B', 'c%', 'b/10'];
      for (const key of keys)
        await run.call(server, 'acquireLock', {
          path: { key },
          body: { owner: 'me', mode: 'shared', limit: 3, ttl_ms: 60000 },
        });
      const waiter = run.begin(server, 'acquireLock', {
        path: { key: 'b' },
        body: { owner: 'you', wait_ms: 60000 },
      });
      const list = async (query) => (await run.call(server, 'listLocks', { query })).json;
      await until('a waiter', async () => (await list()).locks.some((x) => x.queue_length === 1));
      const bytewise = [...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      const all = await list();
      run.equal(
        'all, in byte order',
        all.locks.map((x) => x.key),
        bytewise,
      );
      run.equal('one page', all.next, null);
      run.equal(
        'the queue',
        all.locks.map((x) => x.queue_length),
        bytewise.map((x) => (x === 'b' ? 1 : 0)),
      );
      run.equal(
        'the limit',
        all.locks.map((x) => x.limit),
        bytewise.map(() => 3),
      );
      run.equal(
        'a prefix',
        (await list({ prefix: 'b/' })).locks.map((x) => x.key),
        ['b/1', 'b/10', 'b/2'],
      );
      run.equal(
        'a prefix beyond ASCII',
        (await list({ prefix: 'c€' })).locks.map((x) => x.key),
        ['c€'],
      );
      run.equal(
        '+ is a blank',
        (await run.call(server, 'listLocks', { rawQuery: 'prefix=c+' })).json.locks,
        [],
      );
      run.equal('a prefix of nothing', await list({ prefix: 'x' }), { locks: [], next: null });
      run.equal(
        'after',
        (await list({ after: 'b/10' })).locks.map((x) => x.key),
        ['b/2', 'c%', 'c€'],
      );
      run.equal(
        'after a key that is not held',
        (await list({ after: 'bb' })).locks.map((x) => x.key),
        ['c%', 'c€'],
      );
      for (const limit of [1, 3, 8, 1000]) {
        const found = [];
        let after,
          pages = 0;
        do {
          const page = await list(after === undefined ? { limit } : { limit, after });
          run.check('no page is longer than its limit', page.locks.length <= limit);
          found.push(...page.locks.map((x) => x.key));
          after = page.next;
        } while (after !== null && ++pages < 20);
        run.equal(`page by page of ${limit}`, found, bytewise);
      }
      waiter.connection.close();
    }),
  );
};
