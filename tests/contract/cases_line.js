// The first dialect: Lock::Server's lines of text.
'use strict';
const { until } = require('./server');
const { badSegments } = require('./bad_names');

const long = { lock_timeout: '60' };

module.exports = async (run) => {
  for (const by of ['', 'ByPost'])
    await run.section(`first dialect by ${by ? 'POST' : 'GET'}`, () =>
      run.withServer([], async (server) => {
        const line = async (id, path, expected, query) => {
          const answer = await run.call(server, id + by, { path, query });
          const ok = expected === 'expiry' ? Number(answer.body) > 1 : answer.body === expected;
          run.check(
            `${id}${by} ${JSON.stringify(path)} answers ${JSON.stringify(expected)}`,
            ok,
            answer.body,
          );
          return Number(answer.body);
        };
        const me = { key: 'key', requester: 'me' };
        const other = { key: 'key', requester: 'other' };
        await line('ping', {}, '1\n');
        await line('shutdown', {}, '0\n');
        await line('check', { key: 'key' }, '0\n');
        const end = await line('lock', me, 'expiry', long);
        const off = end - Date.now() / 1000 - 60;
        run.check('the expiry is 60 s from now', Math.abs(off) < 30, `off by ${off} s`);
        await line('check', { key: 'key' }, '1\n');
        await line('verify', me, '1\n');
        await line('verify', other, '0\n');
        await line('lock', me, '0\n');
        await line('lock', other, '0\n', { lock_attempt_timeout: '0' });
        await line('lock', other, '0\n', { lock_attempt_timeout: '0.05' });
        await line('unlock', other, '0\n');
        await line('unlock', me, '1\n');
        await line('unlock', me, '0\n');
        await line('lock', { key: 'a/b €', requester: 'x/y' }, 'expiry', {
          lock_timeout: '0.05',
          lock_attempt_timeout: '1',
        });
        await until(
          'expiry',
          async () => (await server.ask('GET', '/CHECK/a%2Fb%20%E2%82%AC')).body === '0\n',
        );

        const bad = async (id, options) => {
          const answer = await run.call(server, id + by, { ...options, expect: 400 });
          run.check(`${id}${by} is refused by 0`, answer.body === '0\n', answer.body);
        };
        for (const name of badSegments) {
          await bad('check', { path: { key: name } });
          for (const id of ['lock', 'unlock', 'verify']) {
            await bad(id, { path: { key: name, requester: 'me' } });
            await bad(id, { path: { key: 'free', requester: name } });
          }
        }
        for (const rawQuery of [
          'lock_timeout=0',
          'lock_timeout=-1',
          'lock_timeout=x',
          'lock_timeout=86400.1',
          'lock_timeout=1&lock_timeout=1',
          'lock_attempt_timeout=-1',
          'lock_attempt_timeout=3600.1',
          'x=1',
        ])
          await bad('lock', { path: { key: 'free', requester: 'me' }, rawQuery });
        for (const id of ['check', 'unlock', 'verify'])
          await bad(id, { path: me, rawQuery: 'x=1' });
        for (const id of ['ping', 'shutdown']) await bad(id, { rawQuery: 'x=1' });
        await bad('lock', { path: { key: 'free', requester: 'me' }, body: 'text' });
        await bad('ping', { body: 'text' });
        await line('check', { key: 'free' }, '0\n');
      }),
    );

  await run.section('first dialect: SHUTDOWN, where it is allowed', async () => {
    for (const by of ['', 'ByPost'])
      await run.withServer(['--allow-shutdown'], async (server) => {
        const answer = await run.call(server, `shutdown${by}`);
        run.equal('SHUTDOWN answers 1', answer.body, '1\n');
        run.equal('and the server ends', await server.exited, 0);
      });
  });

  await run.section('first dialect: what any request can get', () =>
    run.withServer([], async (server) => {
      const any = async (sentence, answer, status) => {
        for (const wrong of run.document.judgeAny('line', answer))
          run.check(sentence, false, wrong);
        run.equal(sentence, answer.status, status);
      };
      await any('an unknown path', await server.ask('GET', '/LOCKS/key/me'), 404);
      await any('a long target', await server.ask('GET', `/CHECK/${'k'.repeat(9000)}`), 414);
      await any(
        'a wish',
        await server.ask('GET', '/PING', { headers: { Expect: 'a-miracle' } }),
        417,
      );
      await any(
        'a long head',
        await server.ask('GET', '/PING', { headers: { 'X-Long': 'x'.repeat(17000) } }),
        431,
      );
      const paths = [
        '/CHECK/k',
        '/LOCK/k/me',
        '/UNLOCK/k/me',
        '/VERIFY/k/me',
        '/PING',
        '/SHUTDOWN',
      ];
      for (const path of paths)
        for (const method of ['PUT', 'DELETE', 'LOCK', 'PATCH', 'BREW', 'OPTIONS', 'HEAD']) {
          const answer = await server.ask(method, path);
          const asks = /CHECK|VERIFY|PING/.test(path);
          const wanted = { PATCH: 501, BREW: 501, OPTIONS: 200, HEAD: asks ? 200 : 405 }[method] ?? 405;
          if (wanted > 400 && method !== 'HEAD') await any(`${method} ${path}`, answer, wanted);
          else run.equal(`${method} ${path}`, answer.status, wanted);
          if (wanted === 405 || method === 'OPTIONS')
            run.equal(
              `${method} ${path}: Allow`,
              answer.headers.allow,
              asks ? 'GET, HEAD, POST, OPTIONS' : 'GET, POST, OPTIONS',
            );
        }
      await any(
        "another site's page",
        await server.ask('GET', '/PING', { headers: { 'Sec-Fetch-Site': 'same-site' } }),
        403,
      );
      await any(
        'another version',
        await server.connect().write('GET /PING HTTP/3.0\r\n\r\n').answer(),
        505,
      );
      for (const end of ['\n', '\r\n', '\n\n'])
        run.equal(
          'HTTP/0.9 gets the bare line',
          await server.connect().write(`GET /PING${end}`).rest(),
          '1\n',
        );
    }),
  );
};
