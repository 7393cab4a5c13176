// What a closed socket still owed: the answers to its requests come before its 'close'.
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const sink = net.createServer((peer) => peer.pause());
const port = await listening(sink, 0, '127.0.0.1');
const accepted = heard(sink, 'connection');
const socket = net.connect(port, '127.0.0.1');
const answers = [0, 0];
socket.on('connect', () => {
  // More than any buffer takes, so that most is still the program's when the socket is closed.
  const block = Buffer.alloc(1 << 20);
  for (let i = 0; i < 64; i++) socket.write(block, (error) => answers[error ? 1 : 0]++);
  setTimeout(() => setImmediate(() => socket.destroy()), 20);
});
await heard(socket, 'close');
log('socket', 'answered', answers[0] + answers[1]);
(await accepted)[0].destroy();

// The same where the peer resets.
const resetting = heard(sink, 'connection');
const reset = net.connect(port, '127.0.0.1');
let answered = 0;
reset.on('error', (error) => log('reset', error.code));
await heard(reset, 'connect');
for (let i = 0; i < 64; i++) reset.write(Buffer.alloc(1 << 20), () => answered++);
(await resetting)[0].resetAndDestroy();
await heard(reset, 'close');
log('reset', 'answered', answered);
sink.close();
