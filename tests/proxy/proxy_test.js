// Puts the real HAProxy and nginx before the real server: proxy_test.js PROGRAM LOCKCTL README
//
// A lock that was granted through a proxy stays, whatever the proxy does with its connections;
// a client that goes away while it waits leaves the line, as far as the proxy lets the server know;
// and nobody gets from a proxy what was said to another.
'use strict';
const fs = require('fs');
const path = require('path');
const { Server } = require('../contract/server');
const { Proxy } = require('./proxies');

class Run {
  constructor() {
    this.passed = 0;
    this.failed = 0;
    this.notes = [];
    this.last = [];
  }

  finally(action) {
    this.last.push(action);
  }

  check(sentence, ok, detail = '') {
    if (ok) {
      ++this.passed;
      return;
    }
    ++this.failed;
    console.log(`FAILED: ${sentence}${detail && `\n  ${detail}`}`);
  }

  equal(sentence, actual, expected) {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
    this.check(sentence, a === b, `it is ${a}, expected ${b}`);
  }

  // One theme. What it throws is a failure and ends the theme only.
  async section(name, action) {
    const before = this.failed;
    try {
      await action();
    } catch (error) {
      this.check(`${name}: ${error.stack.split('\n').slice(0, 4).join('\n  ')}`, false);
    }
    console.log(`${this.failed === before ? 'ok' : 'FAILED'}: ${name}`);
  }

  // What is worth knowing but not the server's to decide.
  note(sentence) {
    this.notes.push(sentence);
  }
}

async function main([program, lockctl, readme]) {
  const run = new Run();
  run.lockctl = lockctl;
  run.readme = readme;
  run.server = await Server.start(program, '--allowed-hosts', 'locks.example');
  const address = `127.0.0.1:${run.server.port}`;
  const read = (name) => fs.readFileSync(path.join(__dirname, name), 'utf8');
  run.haproxy = await Proxy.start('haproxy', read('haproxy.cfg'), address);
  run.nginx = await Proxy.start('nginx', read('nginx.conf'), address);
  for (const theme of ['grants', 'waiters', 'hold', 'aborts', 'cache', 'lockctl', 'readme'])
    await require(`./cases_${theme}`)(run);
  await Promise.all([run.haproxy.stop(), run.nginx.stop()]);
  await run.section('the proxies end', async () => {
    for (const action of run.last) await action();
  });
  run.equal('the server ends in order', await run.server.stop(), 0);
  run.equal('it logged nothing worse than a warning', /error|critical/.test(run.server.log), false);
  if (run.notes.length) console.log(`\n${run.notes.join('\n')}`);
  console.log(`\n${run.passed} checks passed, ${run.failed} failed`);
  return run.failed === 0;
}

main(process.argv.slice(2)).then(
  (ok) => process.exit(ok ? 0 : 1),
  (error) => {
    console.log(`FAILED: ${error.stack}`);
    process.exit(1);
  },
);
