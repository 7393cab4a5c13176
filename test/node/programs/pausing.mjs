// pause and resume, reading on demand, pauseOnConnect, and a buffer of the program's own.
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, async (peer) => {
  let early = 0;
  peer.on('data', (chunk) => (early += chunk.length));
  peer.pause();
  await later(30);
  log('server', 'before resume', early, peer.isPaused());
  peer.resume();
  await heard(peer, 'end');
  log('server', 'all', early);
  peer.end('thanks');
});
const port = await listening(server, 0);
const client = net.connect(port);
client.write(Buffer.alloc(100_000));
await later(10);
client.end(Buffer.alloc(100_000));
client.pause();
let got = '';
client.on('data', (chunk) => (got += chunk));
await later(80);
log('client', 'paused', got);
client.resume();
await heard(client, 'close');
log('client', got);
server.close();

const source = net.createServer((peer) => {
  for (let i = 0; i < 100; i++) peer.write(`${i};`.padEnd(1000, '.'));
  peer.end();
});
const sourcePort = await listening(source, 0);
const demand = net.connect(sourcePort);
let taken = 0;
demand.on('readable', () => {
  for (let chunk = demand.read(1000); chunk !== null; chunk = demand.read(1000)) {
    if (!String(chunk).startsWith(`${taken};`)) log('demand', 'wrong', taken);
    taken++;
  }
});
await heard(demand, 'end');
log('demand', taken);

let into = 0;
let calls = 0;
const buffer = Buffer.alloc(3000);
const own = net.connect({
  port: sourcePort,
  onread: {
    buffer,
    callback(length, bytes) {
      into += length;
      if (bytes !== buffer) log('own', 'another buffer');
      if (++calls === 3) setTimeout(() => own.resume(), 10);
      return calls !== 3 || own.pause() === undefined;
    },
  },
});
await heard(own, 'end');
log('own', into, calls >= 34);
let made = 0;
let sum = 0;
const making = net.connect({
  port: sourcePort,
  onread: {
    buffer: () => {
      made++;
      return new Uint8Array(1500);
    },
    callback(length) {
      sum += length;
      return true;
    },
  },
});
await heard(making, 'end');
log('making', sum, made > 60);
source.close();
