// What a server answers that is full, or stops.
'use strict';
const { until } = require('./server');

module.exports = async (run) => {
  await run.section('a full server: keys, waiters, leases', () =>
    run.withServer(
      ['--max-keys', '2', '--max-waiters-per-key', '1', '--max-leases', '1'],
      async (server) => {
        const full = { expect: 429, code: 'too_many' };
        const lasting = { ttl_ms: 60000 };
        const hold = { owner: 'me', ttl_ms: 60000 };
        for (const key of ['a', 'b'])
          await run.call(server, 'acquireLock', { path: { key }, body: hold });
        const path = { key: 'c' };
        await run.call(server, 'acquireLock', { path, body: hold, ...full });
        for (const as of ['POST', 'LOCK'])
          await run.call(server, 'lockTerraform', { path, body: { ID: 'x' }, as, ...full });
        for (const id of ['lock', 'lockByPost'])
          run.equal(
            `${id} answers 0`,
            (await run.call(server, id, { path: { ...path, requester: 'me' }, expect: 429 })).body,
            '0\n',
          );
        run.equal(
          'looking is free',
          (await run.call(server, 'inspectLock', { path })).json.holders,
          [],
        );
        run.equal('in both dialects', (await run.call(server, 'check', { path })).body, '0\n');

        const waiter = run.begin(server, 'acquireLock', {
          path: { key: 'a' },
          body: { owner: 'w', wait_ms: 60000 },
        });
        await until(
          'a waiter',
          async () =>
            (await run.call(server, 'inspectLock', { path: { key: 'a' } })).json.queue.length === 1,
        );
        await run.call(server, 'acquireLock', {
          path: { key: 'a' },
          body: { owner: 'x', wait_ms: 60000 },
          ...full,
        });
        await run.call(server, 'lock', { path: { key: 'a', requester: 'x' }, expect: 429 });
        await run.call(server, 'acquireLock', {
          path: { key: 'a' },
          body: { owner: 'x', wait_ms: 0 },
          expect: 423,
          code: 'held',
        });
        waiter.connection.close();

        const { lease } = (await run.call(server, 'createLease', { body: lasting })).json;
        await run.call(server, 'createLease', { body: lasting, ...full });
        await run.call(server, 'endLease', { path: { lease } });
        await run.call(server, 'createLease', { body: lasting });
        await run.call(server, 'releaseLock', { path: { key: 'b' }, query: { owner: 'me' } });
        await until(
          'room for a key',
          async () => (await server.ask('POST', '/v1/locks/c', { body: hold })).status === 200,
        );
      },
    ),
  );

  await run.section('a full server: locks of a lease', () =>
    run.withServer(['--max-locks-per-lease', '2'], async (server) => {
      const { lease } = (await run.call(server, 'createLease', { body: { ttl_ms: 60000 } })).json;
      const acquire = (key, more) =>
        run.call(server, 'acquireLock', {
          path: { key },
          body: { owner: 'me', wait_ms: 0, lease },
          ...more,
        });
      for (const key of ['a', 'b']) await acquire(key);
      await acquire('c', { expect: 429, code: 'too_many' });
      await run.call(server, 'releaseLock', { path: { key: 'a' }, query: { owner: 'me' } });
      await acquire('c');
    }),
  );

  await run.section('a full server: connections that wait', () =>
    run.withServer(['--max-connections', '3'], async (server) => {
      // One for all that do not wait: the server may count one that was closed just now.
      const connection = server.connect();
      const path = { key: 'k' };
      const hold = { path, connection, body: { owner: 'h', ttl_ms: 60000 } };
      await run.call(server, 'acquireLock', hold);
      const waiters = ['a', 'b'].map((owner) =>
        run.begin(server, 'acquireLock', { path, body: { owner, wait_ms: 60000 } }),
      );
      await until(
        'the waiters',
        async () =>
          (await run.call(server, 'inspectLock', { path, connection })).json.queue_length === 2,
      );
      const body = { owner: 'c', wait_ms: 60000 };
      const expected = { expect: 429, code: 'too_many' };
      const refused = await run.call(server, 'acquireLock', { path, connection, body, ...expected });
      run.equal('it may ask again', refused.headers['retry-after'], '1');
      await run.call(server, 'lock', {
        path: { key: 'k', requester: 'd' },
        connection,
        expect: 429,
      });
      await run.call(server, 'acquireLock', { path: { key: 'free' }, connection, body });
      for (const waiter of waiters) waiter.connection.close();
      connection.close();
    }),
  );

  await run.section('a full server: connections', () =>
    run.withServer(['--max-connections', '2'], async (server) => {
      const guests = [server.connect(), server.connect()];
      for (const guest of guests)
        run.equal('a guest is served', (await guest.send('GET', '/PING').answer()).status, 200);
      const path = { key: 'k' };
      const hold = { owner: 'me', wait_ms: 0 };
      await run.call(server, 'acquireLock', { path, body: hold, expect: 429, code: 'too_many' });
      const line = await run.call(server, 'lock', {
        path: { ...path, requester: 'me' },
        expect: 429,
      });
      run.equal('one too many', line.body, '0\n');
      await run.call(server, 'getHealth', {});
      await run.call(server, 'getServer', {});
      run.equal('looking is free', (await run.call(server, 'check', { path })).body, '0\n');
      await run.call(server, 'releaseLock', { path, query: { force: 'true' } });
      for (const guest of guests) guest.close();
      await until(
        'room',
        async () => (await server.ask('POST', '/v1/locks/k', { body: hold })).status === 200,
      );
    }),
  );

  // One with a data directory knows what is held, and refuses the option.
  const forgetful = run.options.filter(
    (x, i) => x !== '--data-dir' && run.options[i - 1] !== '--data-dir',
  );
  await run.section('a server that has just been started', () =>
    run.withServer(
      ['--restart-grace', '100'],
      async (server) => {
        const grace = { expect: 503, code: 'restart_grace' };
        const path = { key: 'k' };
        const answer = await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'o' },
          ...grace,
        });
        const seconds = Number(answer.headers['retry-after']);
        run.check('it says when to come again', seconds > 0 && seconds <= 100, `in ${seconds}`);
        await run.call(server, 'getReadiness', grace);
        await run.call(server, 'inspectLock', { path });
        await run.call(server, 'lock', { path: { ...path, requester: 'o' }, expect: 503 });
      },
      forgetful,
    ),
  );

  await run.section('a server that stops', async () => {
    let waiters, line, behind;
    await run.withServer([], async (server) => {
      const path = { key: 'k' };
      await run.call(server, 'acquireLock', { path, body: { owner: 'me', ttl_ms: 60000 } });
      waiters = ['a', 'b'].map((owner) =>
        run.begin(server, 'acquireLock', {
          path,
          body: { owner, wait_ms: 60000 },
          expect: 503,
          code: 'stopping',
        }),
      );
      line = run.begin(server, 'lock', {
        path: { ...path, requester: 'c' },
        query: { lock_attempt_timeout: '60' },
      });
      await until(
        'waiters',
        async () => (await run.call(server, 'inspectLock', { path })).json.queue.length === 3,
      );
      // If it is answered at all, then by the truth.
      behind = waiters[0].connection.send('GET', '/readyz');
    });
    for (const waiter of waiters) await waiter.done;
    run.equal('a waiting LOCK', (await line.done).body, '0\n');
    const ready = await behind.answer().catch(() => undefined);
    if (ready) {
      for (const wrong of run.document.judgeAnswer('getReadiness', ready))
        run.check('/readyz of a server that stops', false, wrong);
      run.equal('/readyz of a server that stops', ready.status, 503);
    }
  });
};
