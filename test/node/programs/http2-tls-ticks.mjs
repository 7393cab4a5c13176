// Several streams in one record of TLS: what each callback of HTTP/2 leaves to the ticks runs before the next one.
import http2 from 'node:http2';
import { cert, key } from './certificate.mjs';
import { heard, listening, log } from './log.mjs';

const STREAMS = 6;
const server = http2.createSecureServer({ key, cert });
let heardOf = 0;
server.on('stream', (stream) => {
  const number = ++heardOf;
  log('server', 'stream', number);
  process.nextTick(() => log('server', 'tick', number));
  Promise.resolve().then(() => log('server', 'microtask', number));
  stream.respond();
  stream.end(`body ${number}`);
});
const port = await listening(server, 0);
const session = http2.connect(`https://localhost:${port}`, { rejectUnauthorized: false });
await heard(session, 'remoteSettings');
const closed = [];
// Begun in one call, they are in one write of the session.
for (let i = 0; i < STREAMS; i++) {
  const request = session.request({ ':path': `/${i}` });
  const say = (...words) => log(`request ${i}`, ...words);
  request.on('response', () => {
    say('response');
    process.nextTick(say, 'tick of the response');
  });
  request.on('data', (chunk) => say('data', chunk));
  request.on('end', () => say('end'));
  closed.push(heard(request, 'close'));
}
await Promise.all(closed);
session.close();
server.close();
