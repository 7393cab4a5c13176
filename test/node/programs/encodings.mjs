// Every way of writing: encodings, cork, writev of mixed pieces, strings longer than any buffer of ours.
import { createHash } from 'node:crypto';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

async function transfer(name, write) {
  const server = net.createServer((peer) => {
    const chunks = [];
    peer.on('data', (chunk) => chunks.push(chunk));
    peer.on('end', () => {
      const all = Buffer.concat(chunks);
      log(
        name,
        all.length,
        createHash('sha256').update(all).digest('hex'),
        all.subarray(0, 24).toString('hex'),
      );
    });
  });
  const socket = net.connect(await listening(server, 0));
  await heard(socket, 'connect');
  write(socket);
  log(name, 'bytesWritten', socket.bytesWritten);
  socket.end(() => log(name, 'finished', socket.bytesWritten));
  socket.resume();
  await heard(socket, 'close');
  server.close();
}

const text = 'Grüße, 世界 👋 \u0000\uFFFD';
for (const encoding of [
  'utf8',
  'latin1',
  'ascii',
  'ucs2',
  'hex',
  'base64',
  'base64url',
  'binary',
  'utf-16le',
]) {
  const data = encoding === 'hex' ? '00ff10ab' : encoding.startsWith('base64') ? 'AP8Qq-4' : text;
  await transfer(encoding, (socket) => socket.write(data, encoding));
  await transfer(`${encoding} corked`, (socket) => {
    socket.cork();
    socket.write(data, encoding);
    socket.write(Buffer.from([1, 2, 3]));
    socket.write(data, encoding);
    socket.uncork();
  });
  await transfer(`${encoding} long`, (socket) => socket.write(data.repeat(50_000), encoding));
}
await transfer('corked buffers', (socket) => {
  socket.cork();
  for (let i = 0; i < 100; i++) socket.write(Buffer.alloc(i * 97, i));
  socket.write(Buffer.alloc(300_000, 7));
  for (let i = 0; i < 10; i++) socket.write(Buffer.alloc(i, i));
  socket.uncork();
});
await transfer('corked mixture', (socket) => {
  socket.cork();
  socket.write('head', 'latin1');
  socket.write(Buffer.alloc(2_000_000, 1));
  socket.write(text.repeat(30_000));
  socket.write('');
  socket.write(new Uint8Array([9, 9]));
  socket.write('tail', 'ucs2');
  socket.uncork();
});
await transfer('many small', (socket) => {
  for (let i = 0; i < 5000; i++) socket.write(`line ${i}\n`);
});
