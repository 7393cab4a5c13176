// Every spelling of an address that Node takes, for a listener and for a connection.
import net from 'node:net';
import { heard, log } from './log.mjs';

const targets = [
  '127.0.0.1',
  '::1',
  '0000::1',
  '0:0:0:0:0:0:0:1',
  '::0001',
  '::0.0.0.1',
  '::1%lo',
  '::1%nowhere',
  '::ffff:127.0.0.1',
  '::FFFF:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:7f00:0001%lo',
  '0:0:0:0:0:ffff:127.0.0.1',
  '0:0:0:0:0:ffff:7f00:1',
  '0000:0000:0000:0000:0000:ffff:127.0.0.10%lo',
  '::ffff:127.0.0.2',
  '::ffff:127.6.0.1',
  '127.6.0.1',
  '::',
  '::0',
  '0::0',
  '::%lo',
  '0.0.0.0',
  '::ffff:0.0.0.0',
  '::ffff:0:0',
];
const hosts = [
  ['127.0.0.1', false],
  ['0.0.0.0', false],
  ['127.6.0.1', false],
  ['::', false],
  ['0::0', true],
  ['::1', false],
  ['0::1%lo', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:7f00:2', false],
  ['::ffff:0.0.0.0', false],
];

for (const [host, ipv6Only] of hosts) {
  const server = net.createServer((peer) => peer.end(`${peer.remoteAddress} at ${peer.localAddress}`));
  server.listen({ port: 0, host, ipv6Only });
  await heard(server, 'listening');
  const { address, family, port } = server.address();
  log(`listen ${host}`, address, family);
  for (const target of targets) {
    const socket = net.connect({ host: target, port, autoSelectFamily: false });
    let text = '';
    socket.on('data', (data) => (text += data));
    socket.on('connect', () => {
      text += `${socket.localAddress} to ${socket.remoteAddress} ${socket.remoteFamily}: `;
    });
    socket.on('error', (error) => (text += `${error.code} ${error.syscall} ${error.address}`));
    await heard(socket, 'close');
    log(`listen ${host}`, 'connect', target, text);
  }
  server.close();
  await heard(server, 'close');
}
