// Who hears whom, and what each end is shown, for every pair of listening and connecting address.
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const hosts = ['127.0.0.1', '127.0.0.2', '0.0.0.0', '::', '::1', undefined];
const targets = ['127.0.0.1', '127.0.0.2', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::', 'localhost'];

async function attempt(host, target, ipv6Only) {
  const server = net.createServer();
  const port = await listening(server, { port: 0, ...(host && { host }), ipv6Only });
  const name = `listen ${host} ${ipv6Only ? 'only ' : ''}connect ${target}`;
  const at = server.address();
  log(name, 'server', at.address, at.family);
  const socket = net.connect(port, target);
  const accepted = heard(server, 'connection');
  const outcome = await Promise.race([
    heard(socket, 'connect').then(() => undefined),
    heard(socket, 'error').then(([error]) => error),
  ]);
  if (outcome) log(name, outcome.code, outcome.syscall, outcome.address, outcome.port === port);
  else {
    const [peer] = await accepted;
    log(name, 'client', socket.localAddress, socket.localFamily, socket.remoteAddress, socket.remoteFamily);
    log(name, 'peer', peer.localAddress, peer.localFamily, peer.remoteAddress, peer.remoteFamily);
    log(name, socket.remotePort === port, peer.localPort === port, peer.remotePort === socket.localPort);
    const own = socket.address();
    log(name, 'address()', own.address, own.family, own.port === socket.localPort);
    peer.destroy();
  }
  socket.destroy();
  server.close();
  await heard(server, 'close');
}

for (const host of hosts) for (const target of targets) await attempt(host, target, false);
await attempt('::', '127.0.0.1', true);
await attempt('::', '::1', true);

// A client that chooses its own end.
const server = net.createServer((peer) => {
  log('chosen', peer.remoteAddress, peer.remotePort === server.chosen);
  peer.end();
});
const port = await listening(server, 0, '127.0.0.1');
const probe = net.createServer();
server.chosen = await listening(probe, 0, '127.0.0.1');
probe.close();
await heard(probe, 'close');
const socket = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort: server.chosen });
await heard(socket, 'connect');
log('chosen', socket.localAddress, socket.localPort === server.chosen);
socket.resume();
await heard(socket, 'close');
server.close();
