// How TLS connections end: destroyed in the program's callbacks or robbed of their SSL, on either side.
import tls from 'node:tls';
import { cert, key } from './certificate.mjs';
import { heard, listening, log } from './log.mjs';

let act = () => {};
const server = tls.createServer({ key, cert }, (peer) => {
  const { name } = act;
  peer.on('error', (error) => log(`${name} peer`, 'error', error.code));
  peer.on('close', () => log(`${name} peer`, 'close'));
  peer.on('data', (data) => {
    log(`${name} peer`, 'data', data);
    if (act.peerData) peer.destroy();
  });
  peer.write('hello');
  act.peer?.(peer);
});
server.on('tlsClientError', (error) => log(`${act.name} server`, error.code));
const port = await listening(server, 0, '127.0.0.1');
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const acts = [
  { name: 'peer at once', peer: (peer) => peer.destroy() },
  { name: 'peer at data', peerData: true },
  { name: 'peer without SSL', peer: (peer) => setTimeout(() => peer._destroySSL(), 20) },
  { name: 'client later', client: (client) => setTimeout(() => client.destroy(), 20) },
  { name: 'client without SSL', client: (client) => setTimeout(() => client._destroySSL(), 20) },
  { name: 'client ends', client: (client) => client.once('data', () => client.end('bye')) },
];
for (act of acts) {
  const { name, client: doClient } = act;
  const client = tls.connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' });
  client.on('secureConnect', () => {
    log(`${name} client`, 'secure');
    client.write('x');
    doClient?.(client);
  });
  client.on('data', (data) => log(`${name} client`, 'data', data));
  client.on('end', () => log(`${name} client`, 'end'));
  client.on('error', (error) => log(`${name} client`, 'error', error.code));
  client.on('close', () => log(`${name} client`, 'close'));
  const closed = heard(client, 'close');
  await Promise.race([closed, later(150)]);
  client.destroy();
  await closed;
  await later(50);
}
server.close();
setTimeout(() => process.exit(0), 100).unref();
