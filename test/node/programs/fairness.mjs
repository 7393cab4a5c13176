// While sockets are busy, timers, immediates, files and the kernel's own sockets have their turn.
import dgram from 'node:dgram';
import fs from 'node:fs/promises';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const server = net.createServer((peer) =>
  peer.on('data', (chunk) => peer.write(chunk)).on('error', () => {}),
);
const port = await listening(server, 0);
let trips = 0;
const sockets = Array.from({ length: 8 }, () => {
  const socket = net.connect(port);
  socket.on('data', (chunk) => {
    trips++;
    if (!socket.destroyed) socket.write(chunk);
  });
  socket.write(Buffer.alloc(64));
  return socket;
});
let timers = 0;
let immediates = 0;
let files = 0;
let packets = 0;
let worst = 0;
let last = process.hrtime.bigint();
const timer = setInterval(() => {
  timers++;
  const now = process.hrtime.bigint();
  worst = Math.max(worst, Number(now - last) / 1e6);
  last = now;
}, 5);
let stop = false;
(function immediate() {
  immediates++;
  if (!stop) setImmediate(immediate);
})();
const reading = (async () => {
  while (!stop) {
    await fs.readFile(process.argv[1]);
    files++;
  }
})();
const udp = dgram.createSocket('udp4').bind(0, '127.0.0.1');
await heard(udp, 'listening');
udp.on('message', (message) => {
  packets++;
  if (!stop) udp.send(message, udp.address().port, '127.0.0.1');
});
udp.send('x', udp.address().port, '127.0.0.1');
// As long as it takes a busy machine: who is starved stays below what is asked however long that is.
const deadlineMs = Date.now() + 20_000;
const served = () => timers > 10 && immediates > 50 && files > 5 && packets > 5 && trips > 5;
do await new Promise((resolve) => setTimeout(resolve, 200));
while (!served() && Date.now() < deadlineMs);
stop = true;
clearInterval(timer);
await reading;
udp.close();
for (const socket of sockets) socket.destroy();
server.close();
log('timers', timers > 10, worst < 500);
log('immediates', immediates > 50);
log('files', files > 5);
log('packets', packets > 20);
log('trips', trips > 16); // each socket twice: a busy machine does not do many in 600 ms
