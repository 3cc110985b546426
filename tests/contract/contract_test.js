// Holds the real server to openapi.yaml: contract_test.js PROGRAM OPENAPI-YAML [OPTION...]
// Each server gets the OPTIONs; FRESH among them stands for a directory of its own.
//
// Calls every operation, provokes every documented answer that can be provoked,
// and judges each answer by the document: status, content type, headers, body.
// Fails at the end if a documented answer was not seen.
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const { Document } = require('./document');
const { Server } = require('./server');

// Documented answers that no test can bring about, and why.
const brief = 'a stopping server answers for too short a time to be hit without luck';
const overload = 'only an overload of many seconds causes it';
const disk = 'it takes a disk that fails: tests/program/durable_test.sh has one';
const remote = 'it takes a client on another machine: tests/unit/authenticator_test.cpp has one';
const start = 'it takes a large store: tests/integration/recovery_test.cpp has one';
const exceptions = {
  'any json request 500': 'only a fault of the server causes it',
  'any json request 403 tls_required': remote,
  'any json request 503 stopping': brief,
  // A waiting acquireLock gets the same answer, which is tested.
  'any json request 503 no_answer': overload,
  'any json request 503 store_failed': disk,
  'any json request 503 recovering': start,
  'acquireLock 503 recovering': start,
  'acquireLock 503 no_answer': overload,
  'acquireLock 503 store_failed': disk,
  'getReadiness 503 stopping': brief,
  'getReadiness 503 recovering': start,
  'getReadiness 503 store_failed': disk,
};

class Run {
  constructor(program, options, document) {
    this.program = program;
    this.options = options;
    this.document = document;
    this.passed = 0;
    this.failed = 0;
  }

  check(sentence, ok, detail = '') {
    if (ok) {
      ++this.passed;
      return;
    }
    ++this.failed;
    console.log(`FAILED: ${sentence}`);
    if (detail) console.log(`  ${detail}`);
  }

  equal(sentence, actual, expected) {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
    this.check(sentence, a === b, `it is ${a?.slice(0, 500)}, expected ${b?.slice(0, 500)}`);
  }

  // One theme. What it throws is a failure and ends the theme only.
  async section(name, action) {
    const before = this.failed;
    try {
      await action();
    } catch (error) {
      this.check(
        `${name}: ${error.message}`,
        false,
        error.stack.split('\n').slice(1, 4).join('\n  '),
      );
    }
    console.log(`${this.failed === before ? 'ok' : 'FAILED'}: ${name}`);
  }

  // A server for the time of `action`, with the test's options unless told otherwise.
  async withServer(args, action, given = this.options) {
    const fresh = () => fs.mkdtempSync(path.join(os.tmpdir(), 'lockserver-contract-'));
    const options = given.map((x) => (x === 'FRESH' ? fresh() : x));
    const server = await Server.start(this.program, ...args, ...options);
    try {
      await action(server);
    } finally {
      const status = await server.stop();
      this.check(
        `the server with "${args.join(' ')}" stops with 0`,
        status === 0,
        `it is ${status}\n  ${server.log}`,
      );
      options.forEach((x, i) => {
        if (given[i] === 'FRESH') fs.rmSync(x, { recursive: true });
      });
    }
  }

  target(id, { path = {}, query, rawQuery } = {}) {
    let target = this.document.operation(id).path.replace(/\{(\w+)\}/g, (_, name) => {
      if (path[name] === undefined) throw new Error(`${id} needs ${name}`);
      // Ready-made escapes, to send wrong ones.
      return typeof path[name] === 'object' ? path[name].raw : encodeURIComponent(path[name]);
    });
    if (query) rawQuery = new URLSearchParams(query).toString().replace(/\+/g, '%20');
    return rawQuery === undefined ? target : `${target}?${rawQuery}`;
  }

  // Sends a request without waiting for its answer: {connection, done}. Over a
  // connection of its own, unless `options` has one.
  begin(server, id, options = {}) {
    const operation = this.document.operation(id);
    const connection = options.connection ?? server.connect();
    const method = options.as ?? operation.method;
    const target = this.target(id, options);
    connection.send(method, target, options);
    const done = connection
      .answer(method)
      .then((answer) => this.judge(id, method, target, options, answer));
    // Whoever waits for it sees the failure; a connection that is closed on purpose has none.
    done.catch(() => {});
    return { connection, done };
  }

  // Calls an operation and judges the answer. `expect` is the status, `code`
  // the problem's code.
  async call(server, id, options = {}) {
    const { connection, done } = this.begin(server, id, options);
    try {
      return await done;
    } finally {
      if (options.connection === undefined) connection.close();
    }
  }

  judge(id, method, target, options, answer) {
    const { expect = 200, code } = options;
    const body = options.body === undefined ? '' : ` ${JSON.stringify(options.body).slice(0, 200)}`;
    const request = `${method} ${target.slice(0, 200)}${body}`;
    for (const wrong of this.document.judgeAnswer(id, answer, method === 'HEAD'))
      this.check(request, false, wrong);
    if (/[/+]json$/.test(answer.headers['content-type']) && answer.body !== '')
      try {
        answer.json = JSON.parse(answer.body);
      } catch {
        answer.json = {}; // has been told above
      }
    const detail = `it is ${answer.status} ${answer.body.slice(0, 300)}`;
    this.check(`${request}: status ${expect}`, answer.status === expect, detail);
    if (code) this.check(`${request}: code ${code}`, answer.json?.code === code, detail);
    // The document's idea of a good body must be the server's.
    const media = this.document.operation(id).requestBody?.content['application/json'];
    if (
      media &&
      options.body !== undefined &&
      !Buffer.isBuffer(options.body) &&
      typeof options.body !== 'string'
    ) {
      const problem = this.document.judge(media.schema, options.body);
      if (answer.status < 400)
        this.check(`${request}: the document allows the body`, problem === '', problem);
      if (answer.status === 400 && !options.schemaCannotTell && options.badBody)
        this.check(`${request}: the document forbids the body`, problem !== '');
    }
    return answer;
  }

  finish() {
    const unseen = this.document.promised().filter((x) => !this.document.wasSeen(x));
    for (const x of unseen)
      if (exceptions[x] === undefined) this.check(`documented, but not seen: ${x}`, false);
    for (const x of Object.keys(exceptions))
      this.check(`the exception "${x}" is documented`, this.document.promised().includes(x));
    const excepted = unseen.filter((x) => exceptions[x] !== undefined);
    for (const x of excepted) console.log(`not provoked: ${x}: ${exceptions[x]}`);
    const total = this.document.promised().length;
    console.log(
      `${this.passed} checks passed, ${this.failed} failed; ${this.document.operations.size} operations, ` +
        `${total - unseen.length} of ${total} documented answers seen, ${excepted.length} cannot be provoked`,
    );
    return this.failed === 0 ? 0 : 1;
  }
}

async function main() {
  const [program, file, ...options] = process.argv.slice(2);
  if (!file) {
    console.error('contract_test.js PROGRAM OPENAPI-YAML [OPTION...]');
    return 64;
  }
  const document = new Document(file);
  const run = new Run(program, options, document);
  await run.section('the document is sound', () => {
    for (const wrong of document.check()) run.check(wrong, false);
    run.check('it has operations', document.operations.size > 0);
  });
  const themes = ['line', 'locks', 'locks_bad_input', 'list', 'leases', 'terraform', 'service'];
  for (const theme of [...themes, 'access', 'limits', 'semantics'])
    await require(`./cases_${theme}`)(run);
  return run.finish();
}

main().then(
  // Not process.exit at once: what was printed must get out.
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
