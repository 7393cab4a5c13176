// HTTP/2 in the clear: a session over a net.Socket.
import http2 from 'node:http2';
import { heard, listening, log } from './log.mjs';

const server = http2.createServer((request, response) => {
  if (request.url === '/0') log('server', request.socket.remoteAddress, request.socket.localFamily);
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => response.end(`${request.method} ${request.url} ${body.length}`));
});
const session = http2.connect(`http://127.0.0.1:${await listening(server, 0)}`);
const answers = await Promise.all(
  Array.from({ length: 20 }, async (_, i) => {
    const stream = session.request({ ':path': `/${i}`, ':method': 'POST' });
    stream.end('b'.repeat(i * 5000));
    let text = '';
    for await (const chunk of stream) text += chunk;
    return text;
  }),
);
for (const answer of answers) log('answers', answer);
log('session', session.socket.remoteAddress, session.socket.remotePort === server.address().port);
session.close();
await heard(session, 'close');
server.close();
