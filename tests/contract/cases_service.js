// What is about the server, and what any request under /v1 can get.
'use strict';

module.exports = async (run) => {
  const { document } = run;

  await run.section('the server about itself', () =>
    run.withServer(
      [
        '--lock-timeout',
        '2.5',
        '--lock-attempt-timeout',
        '0.25',
        '--max-lock-timeout',
        '100',
        '--max-lock-attempt-timeout',
        '50',
        '--max-connections',
        '99',
        '--idle-timeout',
        '30',
      ],
      async (server) => {
        await run.call(server, 'getHealth');
        await run.call(server, 'getReadiness');
        run.equal(
          'it hands out this document',
          (await run.call(server, 'getDescription')).body,
          document.text,
        );
        const path = { key: 'k' };
        await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'me', mode: 'shared', ttl_ms: 90000 },
        });
        await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'you', mode: 'shared', ttl_ms: 90000 },
        });
        await run.call(server, 'createLease', { body: { ttl_ms: 90000 } });
        const { settings, counts, uptime_ms } = (await run.call(server, 'getServer')).json;
        run.equal(
          'the settings',
          [
            settings.lock_timeout_ms,
            settings.lock_attempt_timeout_ms,
            settings.max_lock_timeout_ms,
            settings.max_lock_attempt_timeout_ms,
            settings.max_connections,
            settings.idle_timeout_ms,
            settings.allow_shutdown,
            settings.terraform_lock_timeout_ms,
          ],
          [2500, 250, 100000, 50000, 99, 30000, false, 0],
        );
        run.equal(
          'the counts',
          [counts.keys, counts.holders, counts.waiters, counts.leases],
          [1, 2, 0, 1],
        );
        run.check('uptime', uptime_ms < 60000, uptime_ms);
        await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'x', ttl_ms: 100001 },
          expect: 400,
          code: 'bad_request',
        });
        await run.call(server, 'acquireLock', {
          path,
          body: { owner: 'x', wait_ms: 50001 },
          expect: 400,
          code: 'bad_request',
        });
      },
    ),
  );

  await run.section("the document's defaults and limits are the server's", () =>
    run.withServer([], async (server) => {
      const { settings } = (await run.call(server, 'getServer')).json;
      const { AcquireRequest, RenewRequest, LeaseRequest } = document.root.components.schemas;
      for (const schema of [AcquireRequest, RenewRequest, LeaseRequest])
        run.equal('ttl_ms', schema.properties.ttl_ms.default, settings.lock_timeout_ms);
      run.equal(
        'wait_ms',
        AcquireRequest.properties.wait_ms.default,
        settings.lock_attempt_timeout_ms,
      );
      const told = (text, number) =>
        run.check(`${number} is told`, text.includes(number.toLocaleString('en-US')), text);
      told(AcquireRequest.properties.ttl_ms.description, settings.max_lock_timeout_ms);
      told(AcquireRequest.properties.wait_ms.description, settings.max_lock_attempt_timeout_ms);
      told(AcquireRequest.properties.limit.description, settings.max_holders_per_key);
      const { LockTimeout, LockAttemptTimeout } = document.root.components.parameters;
      run.equal('lock_timeout', LockTimeout.schema.default * 1000, settings.lock_timeout_ms);
      run.equal(
        'lock_attempt_timeout',
        LockAttemptTimeout.schema.default * 1000,
        settings.lock_attempt_timeout_ms,
      );
      told(LockTimeout.description, settings.max_lock_timeout_ms / 1000);
      told(LockAttemptTimeout.description, settings.max_lock_attempt_timeout_ms / 1000);
      const example =
        document.operation('getServer').responses['200'].content['application/json'].example
          .settings;
      // What the test may be told to vary.
      const varied = { threads: 1, durable: false, sync: 'always' };
      run.equal('the example of /v1/server', example, { ...settings, ...varied });
    }),
  );

  await run.section('/v1: what any request can get', () =>
    run.withServer([], async (server) => {
      const any = (sentence, answer, status, code) => {
        for (const wrong of document.judgeAny('json', answer)) run.check(sentence, false, wrong);
        run.equal(
          sentence,
          [answer.status, /"code":\s*"(\w+)"/.exec(answer.body)?.[1]],
          [status, code],
        );
      };
      for (const method of ['GET', 'POST']) {
        for (const path of ['/v1/', '/v1/nothing', '/v1/lock/k'])
          any(`${method} ${path}`, await server.ask(method, path), 404, 'not_found');
      }
      // A slash inside a name must be %2F: who forgot it is told so.
      for (const [method, path] of [
        ['GET', '/v1/locks/'],
        ['POST', '/v1/locks/a/b'],
        ['GET', '/v1/leases/a/b'],
        ['POST', '/terraform/'],
      ])
        any(`${method} ${path}`, await server.ask(method, path), 400, 'bad_request');
      for (const path of ['/healthz', '/readyz', '/openapi.yaml', '/v1/server', '/v1/leases']) {
        const method = path === '/v1/leases' ? 'POST' : 'GET';
        any(
          `${path} has no parameters`,
          await server.ask(method, `${path}?x=1`),
          400,
          'bad_request',
        );
        if (method === 'GET')
          any(
            `${path} has no body`,
            await server.ask(method, path, { body: {} }),
            400,
            'bad_request',
          );
      }
      const values = { key: 'k', lease: 'f'.repeat(32) };
      for (const [path, item] of Object.entries(document.root.paths)) {
        const operations = [...document.operations.values()].filter((x) => x.path === path);
        if (operations[0].dialect === 'line') continue;
        const target = path.replace(/\{(\w+)\}/g, (_, name) => values[name]);
        const allowed = operations.flatMap((x) => [x.method, ...x.aliases]);
        for (const method of ['PATCH', 'BREW'])
          any(`${method} ${target}`, await server.ask(method, target), 501, 'not_implemented');
        const options = await server.ask('OPTIONS', target);
        run.equal(
          `OPTIONS ${target}`,
          [options.status, options.headers.allow.split(', ').filter((x) => x !== 'HEAD').sort()],
          [200, [...allowed, 'OPTIONS'].sort()],
        );
        for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'LOCK', 'UNLOCK'].filter(
          (x) => !allowed.includes(x),
        )) {
          const answer = await server.ask(method, target);
          any(`${method} ${target}`, answer, 405, 'method_not_allowed');
          const names = (answer.headers.allow ?? '')
            .split(/,\s*/)
            .filter((x) => x !== 'HEAD' && x !== 'OPTIONS');
          run.equal(`${method} ${target}: Allow`, names.sort(), [...allowed].sort());
        }
        if (!item.get) {
          run.equal(`HEAD ${target} is refused`, (await server.ask('HEAD', target)).status, 405);
          continue;
        }
        const id = item.get.operationId;
        const [get, head] = [await server.ask('GET', target), await server.ask('HEAD', target)];
        for (const wrong of document.judgeAnswer(id, head, true))
          run.check(`HEAD ${target}`, false, wrong);
        run.equal(
          `HEAD ${target} answers like GET`,
          [head.status, head.headers['content-type']],
          [get.status, get.headers['content-type']],
        );
        // Nothing follows a head: the next answer on the connection is whole.
        const connection = server.connect().send('HEAD', target).send('GET', '/PING');
        await connection.answer('HEAD');
        run.equal(`nothing follows HEAD ${target}`, (await connection.answer()).body, '1\n');
        connection.close();
      }
      any(
        'a long target',
        await server.ask('GET', `/v1/locks/${'k'.repeat(9000)}`),
        414,
        'uri_too_long',
      );
      any(
        'a long head',
        await server.ask('GET', '/v1/server', { headers: { 'X-Long': 'x'.repeat(17000) } }),
        431,
        'headers_too_large',
      );
      any(
        'a wish',
        await server.ask('GET', '/v1/server', { headers: { Expect: 'a-miracle' } }),
        417,
        'expectation_failed',
      );
      const stranger = { headers: { 'Sec-Fetch-Site': 'cross-site' } };
      any("another site's page", await server.ask('GET', '/v1/locks', stranger), 403, 'cross_site');
      any(
        'another host',
        await server.ask('GET', '/v1/locks', { headers: { Host: 'evil.example' } }),
        403,
        'host_not_allowed',
      );
      any(
        'another transfer coding',
        await server.ask('POST', '/v1/locks/k', {
          headers: { 'Transfer-Encoding': 'gzip, chunked' },
        }),
        501,
        'not_implemented',
      );
      any(
        'another version',
        await server.connect().write('GET /v1/server HTTP/2.0\r\n\r\n').answer(),
        505,
        'version_not_supported',
      );
      const garbage = await server.connect().write('\x01\x02 not HTTP\r\n\r\n').answer();
      for (const wrong of document.judgeAny('line', garbage))
        run.check('what is not HTTP', false, wrong);
      run.equal('what is not HTTP', garbage.status, 400);
      const old = await server.connect().write('GET /healthz HTTP/1.0\r\n\r\n').rest();
      run.check('HTTP/1.0 is answered and closed', /^HTTP\/1\.[01] 200 OK\r\n/.test(old), old);
      // A refused body must not be taken for the next request.
      const kept = server.connect();
      for (let i = 0; i < 3; ++i) {
        kept.send('POST', '/v1/locks/k', { body: '{' });
        run.equal('a refused request', (await kept.answer()).status, 400);
      }
      kept.send('GET', '/PING');
      run.equal('does not harm the next one on its connection', (await kept.answer()).body, '1\n');
      kept.close();
    }),
  );
};
