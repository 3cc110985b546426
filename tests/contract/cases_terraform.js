// The lock protocol of Terraform's "http" backend.
'use strict';
const { badSegments } = require('./bad_names');

const info = (ID) => ({
  ID,
  Operation: 'OperationTypeApply',
  Info: '',
  Who: 'ada@workstation',
  Version: '1.11.4',
  Created: '2026-11-23T18:00:00.123456789Z',
  Path: '',
});

module.exports = async (run) => {
  const methods = run.document.operation('lockTerraform');
  for (const [lockAs, unlockAs] of [
    [methods.method, 'DELETE'],
    ...methods.aliases.map((alias) => [alias, 'UNLOCK']),
  ])
    await run.section(`/terraform by ${lockAs} and ${unlockAs}`, () =>
      run.withServer([], async (server) => {
        const path = { key: 'env/production' };
        const lock = (body, more) =>
          run.call(server, 'lockTerraform', { path, body, as: lockAs, ...more });
        const unlock = (body, more) =>
          run.call(server, 'unlockTerraform', { path, body, as: unlockAs, ...more });
        const holders = async (of = path) =>
          (await run.call(server, 'inspectLock', { path: of })).json.holders;
        // With blanks and letters that a parser and a printer would not keep.
        const mine = `{ "ID" : "mine",\n "Who": "caf\\u00e9 €", "Unknown": [1.50, {}] }\n`;
        await lock(mine);
        const [holder] = await holders();
        run.equal(
          'inspection shows the ID',
          [holder.owner, holder.mode, holder.ttl_ms, holder.metadata],
          ['mine', 'exclusive', null, mine],
        );
        await lock(mine);
        run.equal(
          'a repeat is the same lock',
          (await holders()).map((x) => x.token),
          [holder.token],
        );
        run.equal(
          'another ID gets what the holder sent',
          (await lock(info('other'), { expect: 423 })).body,
          mine,
        );
        run.equal('when unlocking, too', (await unlock(info('other'), { expect: 409 })).body, mine);
        run.equal(
          'and changes nothing',
          (await holders()).map((x) => x.token),
          [holder.token],
        );
        await unlock({ ID: 'mine' });
        run.equal('unlocked', await holders(), []);
        await unlock(info('mine'));
        await lock(info('other'), { headers: { 'Content-MD5': 'ignored' } });
        await unlock(undefined);
        run.equal('unlocked by force', await holders(), []);
        await unlock('', { headers: { 'Content-Length': 0 } });

        const key = { key: 'from another dialect' };
        await run.call(server, 'acquireLock', {
          path: key,
          body: { owner: 'worker-7', ttl_ms: 60000 },
        });
        run.equal(
          'a holder from /v1',
          (await lock(info('x'), { path: key, expect: 423 })).json.ID,
          'worker-7',
        );
        await unlock(info('x'), { path: key, expect: 409 });
        run.equal(
          'keeps it',
          (await holders(key)).map((x) => x.owner),
          ['worker-7'],
        );

        const bad = { expect: 400, code: 'bad_request' };
        for (const body of [undefined, '', '{', '[]', 'null', '"x"', '{} x']) await lock(body, bad);
        for (const body of ['{', '[]', 'null', '"x"', '{} x']) await unlock(body, bad);
        for (const call of [lock, unlock]) {
          for (const body of [{}, { ID: '' }, { ID: 7 }, { ID: null }, { id: 'x' }])
            await call(body, { ...bad, badBody: true });
          await call({ ID: 'a\u0000b' }, { ...bad, badBody: true, schemaCannotTell: true });
          for (const name of badSegments) await call(info('x'), { ...bad, path: { key: name } });
          await call(info('x'), {
            expect: 415,
            code: 'unsupported_media_type',
            headers: { 'Content-Type': 'text/plain' },
          });
          await call('{"ID":"x"}'.padEnd(8193), { expect: 413, code: 'too_large' });
        }
        run.equal('bad input has changed nothing', await holders(), []);
        const largest = '{"ID":"large"}'.padEnd(8192);
        await lock(largest);
        run.equal(
          'a large one is kept whole',
          (await lock(info('x'), { expect: 423 })).body,
          largest,
        );
      }),
    );

  await run.section('/terraform: slashes belong to the key', () =>
    run.withServer([], async (server) => {
      const key = 'team/app/state';
      const held = async () =>
        (await run.call(server, 'inspectLock', { path: { key } })).json.holders.map((x) => x.owner);
      for (const path of ['team/app/state', 'team%2Fapp%2Fstate', 'team/app%2Fstate']) {
        const at = { path: { key: { raw: path } } };
        await run.call(server, 'lockTerraform', { ...at, body: info('mine') });
        run.equal(`${path} locks ${key}`, await held(), ['mine']);
        await run.call(server, 'lockTerraform', { ...at, body: info('other'), expect: 423 });
        await run.call(server, 'unlockTerraform', { ...at, body: info('mine') });
        run.equal(`and unlocks it`, await held(), []);
      }
      for (const [path, other] of [
        ['/a', '%2Fa'],
        ['a/', 'a%2F'],
        ['a//b', 'a%2F%2Fb'],
      ]) {
        const at = (raw) => ({ path: { key: { raw } } });
        await run.call(server, 'lockTerraform', { ...at(path), body: info('mine') });
        await run.call(server, 'lockTerraform', { ...at(other), body: info('x'), expect: 423 });
      }
      await run.call(server, 'lockTerraform', {
        path: { key: { raw: `a/${'k'.repeat(511)}` } },
        body: info('x'),
        expect: 400,
        code: 'bad_request',
      });
    }),
  );

  await run.section('/terraform: a lock with an end', () =>
    run.withServer(['--terraform-lock-timeout', '600'], async (server) => {
      const path = { key: 'state' };
      await run.call(server, 'lockTerraform', { path, body: info('x') });
      const [holder] = (await run.call(server, 'inspectLock', { path })).json.holders;
      run.check(
        'it has the time of the setting',
        holder.ttl_ms > 590000 && holder.ttl_ms <= 600000,
        holder.ttl_ms,
      );
      run.equal(
        'which /v1/server tells',
        (await run.call(server, 'getServer')).json.settings.terraform_lock_timeout_ms,
        600000,
      );
    }),
  );
};
