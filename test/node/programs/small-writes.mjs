// Thousands of small writes in one turn, and of odd sizes, corked and not: all bytes come in order, and soon.
import net from 'node:net';
import { log } from './log.mjs';

const pattern = (length, from) => Uint8Array.from({ length }, (_, i) => (from * 7 + i) & 0xff);

const COUNTS = { five: 4000, odd: 1500, corked: 3000 };
const ODD = [1, 2, 95, 96, 97, 500, 4095, 4097, 20_000];

const writers = {
  five: (socket) => {
    for (let i = 0; i < COUNTS.five; i++) socket.write(pattern(5, i));
  },
  odd: (socket) => {
    for (let i = 0; i < COUNTS.odd; i++) socket.write(pattern(ODD[i % ODD.length], i));
  },
  corked: (socket) => {
    socket.cork();
    for (let i = 0; i < COUNTS.corked; i++) socket.write(pattern(1 + (i % 40), i));
    socket.uncork();
  },
};

for (const name of Object.keys(writers)) {
  await new Promise((done) => {
    const server = net.createServer((socket) => {
      socket.once('data', () => {
        writers[name](socket);
        socket.end();
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1', () => client.write('go'));
      const from = Date.now();
      let bytes = 0;
      let sum = 0;
      client.on('data', (data) => {
        for (const byte of data) {
          sum = (Math.imul(sum, 31) + byte) | 0;
          bytes += 1;
        }
      });
      client.on('end', () => log(name, bytes, sum, Date.now() - from < 4000 ? 'soon' : 'late'));
      client.on('close', () => server.close(done));
    });
  });
}
