// /v1/locks: the list, page by page.
'use strict';
const { until } = require('./server');

module.exports = async (run) => {
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
