// Runs HAProxy and nginx as Debian packs them.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { until, within } = require('../contract/server');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lockserver-proxy-'));
fs.chmodSync(folder, 0o755); // nginx works as another user when root starts it

const running = new Set();
process.on('exit', () => {
  // nginx ends its workers on SIGTERM only. HAProxy has none with -db.
  running.forEach((process) => process.kill('SIGTERM'));
  fs.rmSync(folder, { recursive: true, force: true });
});

const commands = {
  haproxy: (file) => ['haproxy', '-db', '-f', file],
  nginx: (file) => ['nginx', '-e', 'stderr', '-p', folder, '-c', file, '-g', 'daemon off;'],
};

// So many ports that nobody listens on. Another process may take one before it is used.
async function freePorts(count) {
  const listeners = [];
  for (let i = 0; i < count; ++i) {
    const listener = net.createServer();
    await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
    listeners.push(listener);
  }
  const ports = listeners.map((x) => x.address().port);
  await Promise.all(listeners.map((x) => new Promise((resolve) => x.close(resolve))));
  return ports;
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

class Proxy {
  // `template` is a configuration with {server}, {folder}, and, for each port to listen on,
  // a name of its own in braces.
  static async start(kind, template, server) {
    for (let tries = 5; ; --tries) {
      const proxy = new Proxy();
      if (await proxy.launch(kind, template, server)) return proxy;
      if (tries === 0) throw new Error(`${kind} does not start: ${proxy.log}`);
    }
  }

  async launch(kind, template, server) {
    const values = { server, folder };
    const names = [...new Set(template.match(/\{\w+\}/g))]
      .map((x) => x.slice(1, -1))
      .filter((x) => !(x in values));
    const ports = await freePorts(names.length);
    this.ports = Object.fromEntries(names.map((name, i) => [name, ports[i]]));
    Object.assign(values, this.ports);
    const file = path.join(folder, `${kind}.conf`);
    fs.writeFileSync(
      file,
      template.replace(/\{(\w+)\}/g, (_, name) => values[name]),
    );
    const [command, ...args] = commands[kind](file);
    this.process = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(this.process);
    this.log = '';
    this.process.stderr.on('data', (data) => (this.log += data));
    let ended = false;
    this.exited = new Promise((resolve) =>
      this.process.on('close', () => {
        running.delete(this.process);
        ended = true;
        resolve();
      }),
    );
    for (const port of ports) await until(`${kind} listens`, async () => ended || listens(port));
    return !ended;
  }

  async stop() {
    this.process.kill('SIGTERM');
    await within(30000, 'the end of the proxy', this.exited);
  }
}

module.exports = { Proxy };
