// Runs lockserver-caf on a free port, and talks HTTP to it by plain sockets:
// the test wants to send what no HTTP library would.
'use strict';
const { spawn } = require('child_process');
const net = require('net');

// The longest wait for anything, in milliseconds. Long, because it is only for failures.
const patience = 30000;

const running = new Set();
process.on('exit', () => running.forEach((process) => process.kill('SIGKILL')));

function within(time, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing for ${time} ms`)), time);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Polls until `condition` gives something true, and returns that.
async function until(what, condition) {
  const end = Date.now() + patience;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > end) throw new Error(`${what}: not within ${patience} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// One connection. Answers come in the order of the requests.
class Connection {
  constructor(port) {
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.wake = () => {};
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (data) => {
      this.bytes = Buffer.concat([this.bytes, data]);
      this.wake();
    });
    // A reset after an answer is what a server does that will not read the rest.
    for (const event of ['end', 'error', 'close'])
      this.socket.on(event, () => {
        this.ended = true;
        this.wake();
      });
  }

  write(bytes) {
    this.socket.write(bytes);
    return this;
  }

  // Sends a request. `body` is an object for JSON, or text, or a Buffer.
  send(method, target, { headers = {}, body } = {}) {
    const fields = { Host: 'localhost', ...headers };
    let bytes;
    if (body !== undefined) {
      const plain = typeof body === 'string' || Buffer.isBuffer(body);
      bytes = Buffer.from(plain ? body : JSON.stringify(body));
      if (!('Content-Type' in fields)) fields['Content-Type'] = 'application/json';
      if (!('Transfer-Encoding' in fields)) fields['Content-Length'] = bytes.length;
    }
    let head = `${method} ${target} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(fields))
      if (value !== null) head += `${name}: ${value}\r\n`;
    this.write(head + '\r\n');
    if (bytes) this.write(bytes);
    return this;
  }

  async more() {
    if (this.ended)
      throw new Error(`connection closed, left: ${JSON.stringify(this.bytes.toString())}`);
    await within(patience, 'answer', new Promise((resolve) => (this.wake = resolve)));
  }

  // The next final answer: {status, reason, headers, body}. Interim ones are counted.
  async answer(method = 'GET') {
    let interim = 0;
    for (;;) {
      let end;
      while ((end = this.bytes.indexOf('\r\n\r\n')) < 0) await this.more();
      const [first, ...lines] = this.bytes.toString('latin1', 0, end).split('\r\n');
      const status = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(first);
      if (!status) throw new Error(`not a status line: ${first}`);
      const headers = {};
      for (const line of lines) {
        const field = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line);
        if (!field) throw new Error(`not a header: ${line}`);
        const name = field[1].toLowerCase();
        if (name in headers) throw new Error(`header given twice: ${line}`);
        headers[name] = field[2];
      }
      const code = Number(status[1]);
      if (code >= 100 && code < 200) {
        this.bytes = this.bytes.subarray(end + 4);
        ++interim;
        continue;
      }
      if (!/^\d+$/.test(headers['content-length'] ?? ''))
        throw new Error(`no Content-Length in an answer with status ${code}`);
      const length = method === 'HEAD' ? 0 : Number(headers['content-length']);
      while (this.bytes.length < end + 4 + length) await this.more();
      const body = this.bytes.toString('utf8', end + 4, end + 4 + length);
      this.bytes = this.bytes.subarray(end + 4 + length);
      return { status: code, reason: status[2], headers, body, interim };
    }
  }

  // Everything up to the end of the connection.
  async rest() {
    while (!this.ended) await this.more();
    return this.bytes.toString();
  }

  close() {
    this.socket.destroy();
  }
}

class Server {
  static async start(program, ...args) {
    const server = new Server();
    server.process = spawn(program, ['--port', '0', '--log-level', 'warning', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(server.process);
    let out = '';
    server.log = '';
    server.process.stderr.on('data', (data) => (server.log += data));
    server.exited = new Promise((resolve) =>
      server.process.on('exit', (status, signal) => {
        running.delete(server.process);
        resolve(status ?? signal);
      }),
    );
    const listens = new Promise((resolve) =>
      server.process.stdout.on('data', (data) => {
        out += data;
        const line = /^listening on .*:(\d+)$/m.exec(out);
        if (line) resolve(Number(line[1]));
      }),
    );
    server.port = await within(
      patience,
      'start',
      Promise.race([listens, server.exited.then(() => 0)]),
    );
    if (!server.port) throw new Error(`${program} ${args.join(' ')} ended: ${server.log.trim()}`);
    return server;
  }

  connect() {
    return new Connection(this.port);
  }

  async ask(method, target, options) {
    const connection = this.connect();
    try {
      return await connection.send(method, target, options).answer(method);
    } finally {
      connection.close();
    }
  }

  // Returns the exit status, or the signal that ended it.
  async stop() {
    this.process.kill('SIGTERM');
    return within(patience, 'stop', this.exited);
  }
}

module.exports = { Connection, Server, until, within };
