// What the words of the document mean, across dialects.
'use strict';
const { until } = require('./server');

module.exports = async (run) => {
  const inspect = async (server, key) =>
    (await run.call(server, 'inspectLock', { path: { key } })).json;
  const acquire = async (server, key, body, more) =>
    (await run.call(server, 'acquireLock', { path: { key }, body, ...more })).json;
  const release = (server, key, owner) =>
    run.call(server, 'releaseLock', { path: { key }, query: { owner } });
  const waits = (server, key, count) =>
    until(`${count} waiters`, async () => (await inspect(server, key)).queue.length === count);
  const owners = (lock) => lock.holders.map((x) => x.owner);
  const line = async (server, target) => (await server.ask('GET', target)).body;

  await run.section('a lock is the same in all dialects', () =>
    run.withServer([], async (server) => {
      await acquire(server, 'a/b', { owner: 'me', ttl_ms: 60000 });
      run.equal('CHECK sees it', await line(server, '/CHECK/a%2Fb'), '1\n');
      run.equal('VERIFY sees it', await line(server, '/VERIFY/a%2Fb/me'), '1\n');
      run.equal(
        'LOCK does not get it',
        await line(server, '/LOCK/a%2Fb/you?lock_attempt_timeout=0'),
        '0\n',
      );
      run.equal('UNLOCK ends it', await line(server, '/UNLOCK/a%2Fb/me'), '1\n');
      run.equal('for all', (await inspect(server, 'a/b')).holders, []);
      await line(server, '/LOCK/k/me?lock_timeout=60');
      run.equal('inspection sees a LOCK', owners(await inspect(server, 'k')), ['me']);
      const renewed = (
        await run.call(server, 'renewLock', {
          path: { key: 'k' },
          body: { owner: 'me', ttl_ms: 50000 },
        })
      ).json;
      run.check(
        'it can be renewed',
        renewed.ttl_ms > 40000 && renewed.ttl_ms <= 50000,
        renewed.ttl_ms,
      );
      await release(server, 'k', 'me');
      run.equal('and released', await line(server, '/CHECK/k'), '0\n');
      await run.call(server, 'lockTerraform', {
        path: { key: 'state' },
        body: { ID: 'x' },
        as: 'LOCK',
      });
      run.equal("Terraform's, too", await line(server, '/VERIFY/state/x'), '1\n');
      // A shared lock is none of the first dialect's, but it is a lock.
      await acquire(server, 'shared', { owner: 'a', mode: 'shared', ttl_ms: 60000 });
      await acquire(server, 'shared', { owner: 'b', mode: 'shared', ttl_ms: 60000 });
      run.equal('CHECK sees a shared lock', await line(server, '/CHECK/shared'), '1\n');
      run.equal('VERIFY knows its holders', await line(server, '/VERIFY/shared/b'), '1\n');
      run.equal(
        'LOCK does not get it',
        await line(server, '/LOCK/shared/c?lock_attempt_timeout=0'),
        '0\n',
      );
    }),
  );

  await run.section('first come, first served, across dialects', () =>
    run.withServer([], async (server) => {
      const key = 'k';
      await acquire(server, key, { owner: 'w0', ttl_ms: 60000 });
      const waiters = [];
      for (let i = 1; i <= 6; ++i) {
        const owner = `w${i}`;
        if (i % 3 === 0) {
          // As Lock::Server's clients do it.
          const connection = server
            .connect()
            .write(`GET /LOCK/${key}/${owner}?lock_timeout=60&lock_attempt_timeout=60\n\n`);
          waiters.push({ connection, done: connection.rest() });
        } else if (i % 3 === 1) {
          waiters.push(
            run.begin(server, 'lock', {
              path: { key, requester: owner },
              query: { lock_timeout: '60', lock_attempt_timeout: '60' },
            }),
          );
        } else {
          waiters.push(
            run.begin(server, 'acquireLock', {
              path: { key },
              body: { owner, ttl_ms: 60000, wait_ms: 60000 },
            }),
          );
        }
        await waits(server, key, i);
      }
      run.equal(
        'the queue',
        (await inspect(server, key)).queue.map((x) => x.owner),
        ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'],
      );
      const served = [];
      for (let i = 0; i < 6; ++i) {
        await release(server, key, `w${i}`);
        await waiters[i].done;
        served.push(...owners(await inspect(server, key)));
        waiters[i].connection.close();
      }
      run.equal('they were served in their order', served, ['w1', 'w2', 'w3', 'w4', 'w5', 'w6']);
    }),
  );

  await run.section('a client that goes away', () =>
    run.withServer([], async (server) => {
      await acquire(server, 'k', { owner: 'me', ttl_ms: 60000 });
      const waiter = run.begin(server, 'acquireLock', {
        path: { key: 'k' },
        body: { owner: 'gone', wait_ms: 60000 },
      });
      await waits(server, 'k', 1);
      waiter.connection.close();
      await waits(server, 'k', 0);
      const tied = run.begin(server, 'acquireLock', {
        path: { key: 'tied' },
        body: { owner: 'me', ttl_ms: 60000, hold: 'connection' },
      });
      await tied.done;
      run.equal('a lock tied to a connection', owners(await inspect(server, 'tied')), ['me']);
      tied.connection.close();
      await until(
        'it ends with the connection',
        async () => (await inspect(server, 'tied')).holders.length === 0,
      );
      run.equal('others do not', owners(await inspect(server, 'k')), ['me']);
    }),
  );

  await run.section('a connection holds 1,000 locks, not more', () =>
    run.withServer([], async (server) => {
      const connection = server.connect();
      const body = { owner: 'me', ttl_ms: 60000, hold: 'connection' };
      for (let i = 0; i < 1000; ++i) connection.send('POST', `/v1/locks/k${i}`, { body });
      for (let i = 0; i < 1000; ++i)
        run.equal(`lock ${i}`, (await connection.answer()).status, 200);
      const surplus = await connection.send('POST', '/v1/locks/more', { body }).answer();
      for (const wrong of run.document.judgeAnswer('acquireLock', surplus))
        run.check('one more', false, wrong);
      run.equal('one more', surplus.status, 429);
      connection.close();
      const count = async () => (await run.call(server, 'getServer')).json.counts.holders;
      await until('all end with it', async () => (await count()) === 0);
    }),
  );

  await run.section('tokens grow', async () => {
    let last = 0;
    const greater = (token, what) => {
      run.check(
        `the token of ${what} is greater than all before`,
        Number.isSafeInteger(token) && token > last,
        `${token} after ${last}`,
      );
      last = token;
    };
    for (const start of ['the first start', 'a restart'])
      await run.withServer([], async (server) => {
        for (let i = 0; i < 20; ++i) {
          const key = `k${i % 7}`;
          greater(
            (await acquire(server, key, { owner: 'me', ttl_ms: 60000 })).token,
            `/v1 after ${start}`,
          );
          await release(server, key, 'me');
          await line(server, `/LOCK/${key}/me?lock_timeout=60`);
          greater((await inspect(server, key)).holders[0].token, 'LOCK');
          await line(server, `/UNLOCK/${key}/me`);
          await run.call(server, 'lockTerraform', { path: { key }, body: { ID: 'x' } });
          greater((await inspect(server, key)).holders[0].token, 'Terraform');
          await run.call(server, 'unlockTerraform', { path: { key } });
        }
      });
  });

  await run.section('a request that is repeated with its request_id', () =>
    run.withServer([], async (server) => {
      const body = { owner: 'me', ttl_ms: 60000, request_id: 'r1' };
      const first = await acquire(server, 'k', body);
      const repeat = await acquire(server, 'k', body);
      run.equal('is the same grant', repeat.token, first.token);
      run.equal('and no second holder', owners(await inspect(server, 'k')), ['me']);
      await acquire(
        server,
        'k',
        { ...body, request_id: 'r2' },
        { expect: 409, code: 'already_held' },
      );
      const waiting = { owner: 'you', ttl_ms: 60000, wait_ms: 60000, request_id: 'r3' };
      const one = run.begin(server, 'acquireLock', { path: { key: 'k' }, body: waiting });
      await waits(server, 'k', 1);
      await acquire(
        server,
        'k',
        { ...waiting, request_id: 'r4' },
        { expect: 409, code: 'already_waiting' },
      );
      const two = run.begin(server, 'acquireLock', { path: { key: 'k' }, body: waiting });
      // Whether the repeat has arrived cannot be seen; either way it must get the grant.
      await release(server, 'k', 'me');
      const [a, b] = [(await one.done).json, (await two.done).json];
      run.equal('or joins the wait', [a.owner, a.token], [b.owner, b.token]);
      run.equal('with one holder', owners(await inspect(server, 'k')), ['you']);
      one.connection.close();
      two.connection.close();
    }),
  );

  await run.section('the end of a lease releases all', () =>
    run.withServer([], async (server) => {
      const { lease } = (await run.call(server, 'createLease', { body: { ttl_ms: 60000 } })).json;
      for (const key of ['a', 'b', 'c']) await acquire(server, key, { owner: 'me', lease });
      await acquire(server, 'held', { owner: 'you', ttl_ms: 60000 });
      const next = run.begin(server, 'acquireLock', {
        path: { key: 'a' },
        body: { owner: 'next', wait_ms: 60000, ttl_ms: 60000 },
      });
      const ofLease = run.begin(server, 'acquireLock', {
        path: { key: 'held' },
        body: { owner: 'me', lease, wait_ms: 60000 },
        expect: 410,
        code: 'lease_expired',
      });
      await waits(server, 'a', 1);
      await waits(server, 'held', 1);
      await run.call(server, 'endLease', { path: { lease } });
      await ofLease.done;
      run.equal('its waiter has left', (await inspect(server, 'held')).queue, []);
      run.equal('the next has the lock', (await next.done).json.owner, 'next');
      for (const key of ['b', 'c'])
        run.equal(`${key} is free`, (await inspect(server, key)).holders, []);
      for (const x of [next, ofLease]) x.connection.close();

      // Its end is complete when it is answered, whichever threads the keys are on.
      for (let i = 0; i < 20; ++i) {
        const { lease: next } = (await run.call(server, 'createLease', { body: { ttl_ms: 60000 } }))
          .json;
        const keys = [0, 1, 2, 3].map((n) => `round ${i} ${n}`);
        for (const key of keys) await acquire(server, key, { owner: 'me', lease: next });
        const { locks } = (await run.call(server, 'inspectLease', { path: { lease: next } })).json;
        run.equal('it has its locks', locks.map((x) => x.key).sort(), keys);
        await run.call(server, 'endLease', { path: { lease: next } });
        for (const key of keys)
          run.equal(`${key} is free`, (await inspect(server, key)).holders, []);
      }

      // Its end by time does the same.
      const brief = (await run.call(server, 'createLease', { body: { ttl_ms: 1000 } })).json.lease;
      await acquire(server, 'b', { owner: 'me', lease: brief });
      const waiter = run.begin(server, 'acquireLock', {
        path: { key: 'held' },
        body: { owner: 'me', lease: brief, wait_ms: 60000 },
        expect: 410,
        code: 'lease_expired',
      });
      await waiter.done;
      waiter.connection.close();
      await until('b is free', async () => (await inspect(server, 'b')).holders.length === 0);
    }),
  );

  await run.section('shared locks and semaphores', () =>
    run.withServer([], async (server) => {
      const shared = { mode: 'shared', ttl_ms: 60000, wait_ms: 0 };
      await acquire(server, 's', { owner: 'a', limit: 2, ...shared });
      await acquire(server, 's', { owner: 'b', limit: 2, ...shared });
      const s = await inspect(server, 's');
      run.equal('two places', [owners(s), s.limit], [['a', 'b'], 2]);
      const full = await acquire(
        server,
        's',
        { owner: 'c', limit: 2, ...shared },
        { expect: 423, code: 'held' },
      );
      run.equal(
        'both are taken',
        full.holders.map((x) => x.owner),
        ['a', 'b'],
      );
      run.equal(
        'limit_mismatch tells the size',
        (
          await acquire(
            server,
            's',
            { owner: 'c', limit: 3, ...shared },
            { expect: 409, code: 'limit_mismatch' },
          )
        ).limit,
        2,
      );
      const larger = run.begin(server, 'acquireLock', {
        path: { key: 's' },
        body: { owner: 'c', limit: 3, ...shared, wait_ms: 60000 },
      });
      await waits(server, 's', 1);
      await release(server, 's', 'a');
      run.equal('another limit waits for the old holders', owners(await inspect(server, 's')), ['b']);
      await release(server, 's', 'b');
      await larger;
      await acquire(server, 's', { owner: 'd', limit: 3, ...shared });
      await run.call(server, 'releaseLock', { path: { key: 's' }, query: { force: 'true' } });
      run.equal('force releases every holder', await inspect(server, 's'), {
        key: 's',
        holders: [],
        holder_count: 0,
        queue_length: 0,
        queue: [],
      });
      await acquire(server, 's', { owner: 'c', limit: 3, ...shared });

      await acquire(server, 'rw', { owner: 'r1', ...shared });
      await acquire(server, 'rw', { owner: 'r2', ...shared });
      const begin = async (owner, mode, count) => {
        const x = run.begin(server, 'acquireLock', {
          path: { key: 'rw' },
          body: { owner, mode, ttl_ms: 60000, wait_ms: 60000 },
        });
        await waits(server, 'rw', count);
        return x;
      };
      const writer = await begin('w', 'exclusive', 1);
      const readers = [await begin('r3', 'shared', 2), await begin('r4', 'shared', 3)];
      run.equal('readers queue behind a writer', owners(await inspect(server, 'rw')), ['r1', 'r2']);
      await release(server, 'rw', 'r1');
      run.equal('who waits for both', owners(await inspect(server, 'rw')), ['r2']);
      await release(server, 'rw', 'r2');
      await writer.done;
      run.equal('the writer is alone', owners(await inspect(server, 'rw')), ['w']);
      await release(server, 'rw', 'w');
      for (const reader of readers) await reader.done;
      run.equal('neighbouring readers come together', owners(await inspect(server, 'rw')), [
        'r3',
        'r4',
      ]);
      for (const x of [writer, ...readers]) x.connection.close();
    }),
  );
};
