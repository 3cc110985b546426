// /v1/locks/{key}: acquire, renew, release, inspect.
'use strict';
const { until } = require('./server');

module.exports = async (run) => {
  await run.section('/v1/locks: the life of a lock', () =>
    run.withServer(['--lock-timeout', '2000', '--lock-attempt-timeout', '0'], async (server) => {
      const path = { key: 'a/b €' };
      const free = (await run.call(server, 'inspectLock', { path })).json;
      run.equal('a free key', free, {
        key: 'a/b €',
        holders: [],
        holder_count: 0,
        queue_length: 0,
        queue: [],
      });

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

      const mine = (
        await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'me' },
          expect: 409,
          code: 'already_held',
        })
      ).json;
      run.equal(
        'already_held names the own grant',
        mine.holders.map((x) => [x.owner, x.token, x.ttl_ms > 1900000]),
        [['me', grant.token, true]],
      );
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
          'POST /v1/locks/expect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
            'Content-Length: 14\r\nExpect: 100-continue\r\n\r\n',
        );
      await until('100 Continue before the body', () =>
        expecting.bytes.toString().startsWith('HTTP/1.1 100 Continue\r\n\r\n'),
      );
      run.equal('the answer after it', (await expecting.write(text).answer()).status, 200);
      expecting.close();
    }),
  );
};
