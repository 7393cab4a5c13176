// One direction ended while the other goes on; and what happens where that is not allowed.
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  let text = '';
  peer.setEncoding('utf8');
  peer.on('data', (chunk) => (text += chunk));
  peer.on('end', () => {
    log('server', 'end', text, peer.readyState);
    setTimeout(() => peer.end(`late answer to ${text}`), 20);
  });
  peer.on('finish', () => log('server', 'finish'));
  peer.on('close', (failed) => log('server', 'close', failed));
});
const port = await listening(server, 0);
const client = net.connect({ port, allowHalfOpen: true });
client.on('data', (chunk) => log('client', 'data', chunk));
client.on('end', () => log('client', 'end', client.readyState, client.writableEnded));
client.on('finish', () => log('client', 'finish', client.readyState));
client.on('close', (failed) => log('client', 'close', failed));
client.end('question');
await heard(client, 'close');
server.close();
await heard(server, 'close');

const strict = net.createServer((peer) => {
  peer.on('end', () => log('strict', 'end'));
  peer.on('close', () => log('strict', 'close', peer.bytesRead, peer.bytesWritten));
  peer.resume();
});
const second = net.connect(await listening(strict, 0));
second.end('x');
second.resume();
await heard(second, 'close');
strict.close();
