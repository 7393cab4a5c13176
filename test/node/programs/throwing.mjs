// A program's own exceptions: the exit code they give, and what goes on where they are caught.

import http from 'node:http';
import net from 'node:net';
import { listening, log } from './log.mjs';

const cases = {
  async data() {
    const server = net.createServer((peer) =>
      peer.on('data', () => {
        throw new Error('thrown in data');
      }),
    );
    net.connect(await listening(server, 0)).write('x');
  },
  async connect() {
    const server = net.createServer();
    net.connect(await listening(server, 0), () => {
      throw new Error('thrown in connect');
    });
  },
  async rejection() {
    const server = net.createServer(async () => {
      throw new Error('rejected in connection');
    });
    net.connect(await listening(server, 0));
  },
  async 'unheard error'() {
    net.connect(1, '127.0.0.1');
  },
  async 'exit code'() {
    const server = http.createServer(() => process.exit(7));
    http.get({ port: await listening(server, 0) }).on('error', () => {});
  },
  async caught() {
    let caught = 0;
    process.on('uncaughtException', (error) => {
      caught++;
      if (error.message !== 'again') throw error;
    });
    const server = net.createServer((peer) => {
      let got = 0;
      peer.on('data', (chunk) => {
        got += chunk.length;
        peer.write(chunk);
        if (got < 50) throw new Error('again');
        peer.end();
      });
    });
    const socket = net.connect(await listening(server, 0));
    let back = 0;
    socket.on('data', (chunk) => {
      back += chunk.length;
      if (back < 60) socket.write('x');
    });
    socket.write('x');
    socket.on('close', () => {
      log('caught', caught, back);
      server.close();
    });
  },
};
const name = process.argv[2];
if (name === undefined) {
  const { spawnSync } = await import('node:child_process');
  for (const one of Object.keys(cases)) {
    const child = spawnSync(process.execPath, [...process.execArgv, process.argv[1], one], {
      encoding: 'utf8',
      timeout: 8000,
    });
    const said = /^(?:Error|\w*Error): .*$|Error: .*$/m.exec(child.stderr)?.[0] ?? '';
    log(one, child.status, child.signal, child.stdout.trim(), said);
  }
} else await cases[name]();
