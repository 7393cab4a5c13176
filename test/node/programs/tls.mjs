// TLS above the sockets: tls and https, both ends here; a certificate made for this test alone.
import { createHash } from 'node:crypto';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import { cert, key } from './certificate.mjs';
import { heard, listening, log } from './log.mjs';

const server = https.createServer({ key, cert }, (request, response) => {
  if (request.url === '/big') response.end(Buffer.alloc(5_000_000, 'b'));
  else response.end(`${request.url} ${request.socket.encrypted} ${request.socket.remoteAddress}`);
});
const port = await listening(server, 0);
const agent = new https.Agent({ keepAlive: true, ca: cert });
async function get(path) {
  const [response] = await heard(https.get({ port, path, agent, host: 'localhost' }), 'response');
  const hash = createHash('sha256');
  let length = 0;
  let text = '';
  for await (const chunk of response) {
    hash.update(chunk);
    length += chunk.length;
    if (length < 100) text += chunk;
  }
  return `${response.statusCode} ${length} ${text} ${hash.digest('hex')}`;
}
for (const path of ['/one', '/two', '/big']) log('https', await get(path));
log('https', (await Promise.all(Array.from({ length: 20 }, (_, i) => get(`/${i}`)))).join('\n'));
agent.destroy();
const distrust = https.get({ port, host: '127.0.0.1' });
log('distrust', (await heard(distrust, 'error'))[0].code);
server.closeAllConnections();
server.close();
await heard(server, 'close');

const echo = tls.createServer({ key, cert }, (peer) => {
  peer.on('end', () => log('echo', 'end'));
  peer.on('close', () => log('echo', 'close'));
  peer.pipe(peer);
});
const echoPort = await listening(echo, 0);
const socket = tls.connect({ port: echoPort, host: '127.0.0.1', ca: cert });
await heard(socket, 'secureConnect');
log('tls', socket.authorized, socket.getProtocol(), socket.remoteAddress, socket.remotePort === echoPort);
// The agent of Node 24 guards a free socket so, and looks whether its guard is still there.
const { onread } = socket._handle;
const guard = () => {};
socket._handle.onread = guard;
log('tls', 'guard', socket._handle.onread === guard);
socket._handle.onread = onread;
log('tls', 'no guard', socket._handle.onread === onread);
const data = Buffer.alloc(3_000_000, 'tls');
socket.end(data);
let length = 0;
socket.on('data', (chunk) => (length += chunk.length));
socket.on('end', () => log('tls', 'end'));
socket.on('close', () => log('tls', 'close', length));
await heard(socket, 'close');
const cut = tls.connect({ port: echoPort, host: '127.0.0.1', ca: cert });
cut.write('x');
await heard(cut, 'data'); // now the server is through with its handshake too
cut.destroy();
await heard(cut, 'close');
log('cut', 'close');
echo.close();
const refused = tls.connect({ port: echoPort, host: '127.0.0.1', ca: cert });
log('refused', (await heard(refused, 'error'))[0].code);

const two = http2.createSecureServer({ key, cert }, (request, response) => response.end(`h2 ${request.url}`));
const session = http2.connect(`https://localhost:${await listening(two, 0)}`, { ca: cert });
const stream = session.request({ ':path': '/second' });
let text = '';
for await (const chunk of stream) text += chunk;
log('h2', text);
session.close();
two.close();
