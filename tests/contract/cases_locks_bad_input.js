// /v1/locks/{key}: each kind of bad input, which changes nothing.
'use strict';
const { badSegments, badTexts } = require('./bad_names');

module.exports = async (run) => {
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
      run.equal('nothing has changed', later, {
        key: 'free',
        holders: [],
        holder_count: 0,
        queue_length: 0,
        queue: [],
      });
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
};
