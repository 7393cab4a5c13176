// A TLS socket that lets go of its session and is destroyed, with more than one record read and still to be read.
import net from 'node:net';
import tls from 'node:tls';
import { cert, key } from './certificate.mjs';
import { heard, listening } from './log.mjs';

const secureContext = tls.createSecureContext({ key, cert });
const server = net.createServer((raw) => {
  raw.on('error', (error) => console.log('raw', error.code));
  const socket = new tls.TLSSocket(raw, { isServer: true, secureContext });
  socket.on('error', (error) => console.log('server', error.code));
  socket.once('data', () => {
    console.log('server data');
    socket._destroySSL();
    socket.destroy();
  });
  socket.on('close', () => console.log('server close'));
});
const port = await listening(server, 0, '127.0.0.1');
const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
client.on('error', () => {});
client.on('secureConnect', () => client.write('*'.repeat(1 << 20)));
await heard(client, 'close');
console.log('client close');
server.close();
