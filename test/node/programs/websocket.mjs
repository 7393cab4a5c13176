// ws, server and client in one process: 10,000 messages of mixed sizes, echoed.
import http from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { heard, listening, log } from './log.mjs';

const server = http.createServer();
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
const port = await listening(server, 0);
const client = new WebSocket(`ws://127.0.0.1:${port}/`);
await heard(client, 'open');
const sizeOf = (i) => (i % 1000 === 0 ? 200_000 : i % 50 === 0 ? 20_000 : (i * 37) % 700);
let received = 0;
let wrong = 0;
let bytes = 0;
const done = new Promise((resolve) => {
  client.on('message', (data, binary) => {
    if (data.length !== sizeOf(received) || binary !== (received % 2 === 0)) wrong++;
    else if (data.length > 0 && (data[0] !== 97 + (received % 26) || data.at(-1) !== data[0])) wrong++;
    bytes += data.length;
    if (++received === 10_000) resolve();
  });
});
for (let i = 0; i < 10_000; i++) {
  const data = Buffer.alloc(sizeOf(i), 97 + (i % 26));
  client.send(i % 2 === 0 ? data : data.toString('latin1'));
  if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await done;
log('client', received, wrong, bytes);
client.close(1000, 'enough');
const [code, reason] = await heard(client, 'close');
log('client', 'close', code, reason);
sockets.close();
server.close();
await heard(server, 'close');
log('server', 'closed');
