// How TLS connections end: destroyed in the program's callbacks or robbed of their SSL, on either side.
import tls from 'node:tls';
import { cert, key } from './certificate.mjs';
import { heard, listening, log } from './log.mjs';

// What is done once each side has heard the other.
let act = {};
let peerNow;
let clientNow;
let heardBy = 0;
let bothHeard = () => {};
function hear() {
  if (++heardBy !== 2) return;
  setImmediate(() => act.both(peerNow, clientNow));
  bothHeard();
}

const server = tls.createServer({ key, cert }, (peer) => {
  const { name } = act;
  peerNow = peer;
  peer.on('error', (error) => log(`${name} peer`, 'error', error.code));
  peer.on('close', () => log(`${name} peer`, 'close'));
  peer.on('data', (data) => {
    log(`${name} peer`, 'data', data);
    hear();
  });
  peer.write('hello');
});
server.on('tlsClientError', (error) => log(`${act.name} server`, error.code));
const port = await listening(server, 0, '127.0.0.1');
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const acts = [
  { name: 'peer destroyed', both: (peer) => peer.destroy() },
  { name: 'peer without SSL', both: (peer) => peer._destroySSL() },
  { name: 'client destroyed', both: (_, client) => client.destroy() },
  { name: 'client without SSL', both: (_, client) => client._destroySSL() },
  { name: 'client ends', both: (_, client) => client.end('bye') },
];
for (act of acts) {
  const { name } = act;
  heardBy = 0;
  const acted = new Promise((resolve) => {
    bothHeard = resolve;
  });
  const client = tls.connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' });
  client.on('secureConnect', () => {
    log(`${name} client`, 'secure');
    client.write('x');
  });
  clientNow = client;
  client.on('data', (data) => {
    log(`${name} client`, 'data', data);
    hear();
  });
  client.on('error', (error) => log(`${name} client`, 'error', error.code));
  client.on('close', () => log(`${name} client`, 'close'));
  const closed = heard(client, 'close');
  // A connection that has lost its SSL may stay: it is given a second from the act on, however long the start took.
  await Promise.race([closed, acted]);
  await Promise.race([closed, later(1000)]);
  client.destroy();
  await closed;
  await later(50);
}
server.close();
setTimeout(() => process.exit(0), 100).unref();
