// Names: localhost to a listener of one family only, with and without trying both.
import http from 'node:http';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

for (const host of ['127.0.0.1', '::1', 'localhost']) {
  for (const autoSelectFamily of [true, false]) {
    const name = `${host} ${autoSelectFamily}`;
    const server = net.createServer((peer) => peer.end('hello'));
    const port = await listening(server, 0, host);
    const socket = net.connect({ port, host: 'localhost', autoSelectFamily });
    socket.on('lookup', (_error, address, family) => log(name, 'lookup', address, family));
    socket.on('connectionAttempt', (address, _port, family) => log(name, 'attempt', address, family));
    socket.on('connectionAttemptFailed', (address, _port, family, error) =>
      log(name, 'failed', address, family, error.code),
    );
    socket.on('error', (error) => log(name, error.code));
    socket.on('data', (chunk) => log(name, chunk, socket.remoteAddress));
    await heard(socket, 'close');
    log(
      name,
      'tried',
      socket.autoSelectFamilyAttemptedAddresses?.map((at) => at.replace(/\d+$/, 'PORT')),
    );
    server.close();
  }
}
const server = http.createServer((request, response) => response.end(request.socket.remoteAddress));
const port = await listening(server, 0, 'localhost');
const response = await fetch(`http://localhost:${port}/`);
log('fetch', response.status, await response.text());
server.close();
server.closeAllConnections();
