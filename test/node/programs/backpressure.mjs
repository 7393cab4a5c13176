// A fast writer and a slow reader: write says stop, drain says go, nothing is lost or held beyond reason.
import { createHash } from 'node:crypto';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const total = 24 * 1024 * 1024;
const received = createHash('sha256');
const sent = createHash('sha256');
let bytes = 0;
let pauses = 0;
const server = net.createServer((peer) => {
  peer.on('data', (chunk) => {
    received.update(chunk);
    bytes += chunk.length;
    if (++pauses % 16 === 0) {
      peer.pause();
      setTimeout(() => peer.resume(), 1);
    }
  });
  peer.on('end', () => peer.end());
});
const client = net.connect(await listening(server, 0));
let stops = 0;
let written = 0;
let most = 0;
while (written < total) {
  const chunk = Buffer.alloc(Math.min(total - written, 1 + ((written * 7919) % 100_000)), written % 251);
  sent.update(chunk);
  written += chunk.length;
  if (!client.write(chunk)) {
    stops++;
    most = Math.max(most, client.writableLength);
    await heard(client, 'drain');
  }
}
client.end();
client.resume();
await heard(client, 'close');
server.close();
log('result', bytes, client.bytesWritten, stops > 0, most < 300_000);
log('result', received.digest('hex') === sent.digest('hex'));

// What waits in a paused reader's way stays with the writer, and destroying it answers every write once.
const paused = net.createServer({ pauseOnConnect: true }, (peer) =>
  heard(peer, 'close').then(() => log('paused', 'peer closed')),
);
const writer = net.connect(await listening(paused, 0));
await heard(writer, 'connect');
let answers = 0;
for (let i = 0; i < 400; i++) writer.write(Buffer.alloc(65536), () => answers++);
await new Promise((resolve) => setTimeout(resolve, 50));
log(
  'paused',
  answers < 400,
  writer.writableLength > 0,
  writer.writableNeedDrain,
  writer._handle.writeQueueSize > 0,
);
writer.destroy();
await heard(writer, 'close');
log('paused', answers);
paused.close();
