// What keeps a process alive, and what does not. Each case is a process of its own: argv says which.
import net from 'node:net';
import { listening, log } from './log.mjs';

const cases = {
  async 'server unref'() {
    const server = net.createServer();
    await listening(server, 0);
    server.unref();
  },
  async 'idle pair unref'() {
    const server = net.createServer((peer) => peer.unref());
    const socket = net.connect(await listening(server, 0));
    socket.on('connect', () => {
      socket.unref();
      setTimeout(() => server.unref(), 20);
    });
  },
  async 'unref and ref again'() {
    const server = net.createServer((peer) => peer.end('x'));
    const port = await listening(server, 0);
    server.unref();
    server.ref();
    setTimeout(() => net.connect(port).on('data', () => server.close(() => log('server', 'closed'))), 30);
  },
  async 'unref still works while something else lives'() {
    const server = net.createServer((peer) => peer.unref().pipe(peer)).unref();
    const socket = net.connect(await listening(server, 0)).unref();
    let count = 0;
    socket.on('data', () => {
      if (++count < 20) socket.write('x');
      else log('count', count);
    });
    socket.write('x');
    // The timer alone holds the process, until the twentieth answer has come.
    const timer = setInterval(() => {
      if (count < 20) return;
      clearInterval(timer);
      log('timer', 'done');
    }, 20);
  },
  async 'paused does not hold'() {
    const server = net.createServer({ pauseOnConnect: true }, () => server.close());
    const socket = net.connect(await listening(server, 0));
    socket.on('connect', () => socket.pause());
    process.on('exit', () => log('exit', 'reached'));
  },
  async 'listen, then close'() {
    const server = net.createServer();
    await listening(server, 0);
    server.close();
  },
};
const name = process.argv[2];
if (name === undefined) {
  const { spawnSync } = await import('node:child_process');
  for (const one of Object.keys(cases)) {
    const child = spawnSync(process.execPath, [...process.execArgv, process.argv[1], one], {
      encoding: 'utf8',
      // A hang is what it finds; a card in a thread of its own takes seconds to start on a busy machine.
      timeout: 30_000,
    });
    log(one, child.status, child.signal, child.stdout.trim(), child.stderr.trim());
  }
} else await cases[name]();
