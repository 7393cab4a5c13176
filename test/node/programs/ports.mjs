// Ports: who may have one beside whom, what a port that is taken says and when, and handles that are shared.
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const outcome = (emitter, good) =>
  Promise.race([
    heard(emitter, good).then(() => good),
    heard(emitter, 'error').then(([error]) => `${error.code} ${error.syscall}`),
  ]);
const close = async (...servers) => {
  for (const server of servers) {
    server.close();
    await heard(server, 'close');
  }
};
const said = async (options) => {
  const socket = net.connect(options);
  let text = '';
  socket.on('data', (data) => (text += data));
  socket.on('error', (error) => (text += `${error.code} ${error.syscall}`));
  await heard(socket, 'close');
  return text;
};
const saying = (text) => net.createServer((peer) => peer.end(text));

const first = saying('first');
const port = await listening(first, 0, '127.0.0.1');
log('range', port >= 32768 && port <= 60999);
for (const options of [
  { host: '127.0.0.1' },
  { host: '0.0.0.0' },
  { host: '127.0.0.2' },
  { host: '::' },
  { host: '::1' },
  { host: '::ffff:127.0.0.1' },
  { host: '::', ipv6Only: true },
  {},
]) {
  const name = JSON.stringify(options);
  const other = saying('other');
  other.listen({ port, ...options });
  const result = await outcome(other, 'listening');
  log('beside 127.0.0.1', name, result);
  if (result !== 'listening') continue;
  for (const host of ['127.0.0.1', '127.0.0.2', '::1']) {
    log('beside 127.0.0.1', name, host, await said({ port, host }));
  }
  await close(other);
}

// Of a client: its port is taken for a listener, and free when it has gone.
const holding = net.createServer({ allowHalfOpen: true });
const holdingPort = await listening(holding, 0, '127.0.0.1');
const accepted = heard(holding, 'connection');
const held = net.connect(holdingPort, '127.0.0.1');
await heard(held, 'connect');
const [peer] = await accepted;
log('client', await outcome(net.createServer().listen(held.localPort, '127.0.0.1'), 'listening'));
const apart = net.createServer().listen(held.localPort, '127.0.0.2');
log('client', 'another address', await outcome(apart, 'listening'));
await close(apart);
held.destroy();
peer.destroy();

// Again at once, with connections of the old listener still there.
const again = saying('again');
const kept = net.createServer();
const keptPort = await listening(kept, 0, '127.0.0.1');
const keptAccepted = heard(kept, 'connection');
const keeper = net.connect(keptPort, '127.0.0.1');
const [keptPeer] = await keptAccepted;
kept.close();
again.listen(keptPort, '127.0.0.1');
log('again', await outcome(again, 'listening'), await said({ port: keptPort, host: '127.0.0.1' }));
keeper.end();
keptPeer.end();
keeper.resume();
keptPeer.resume();
await close(again);

// The same handle, and a listener's descriptor.
const twice = net.createServer((socket) => socket.end('twice'));
twice.listen(first._handle);
log('handle', await outcome(twice, 'listening'), twice.address().port === port);
log('handle', await said({ port, host: '127.0.0.1' }));
log('fd', holding._handle.fd > 2);
await close(holding);

// A client that may use a port once more, and one that may not.
const target = saying('target');
const targetPort = await listening(target, 0);
const chosen = await listening(holding, 0, '127.0.0.1');
await close(holding);
for (const options of [
  { localPort: chosen },
  { localPort: targetPort, localAddress: '127.0.0.1' },
  { localAddress: '192.0.2.77' },
]) {
  const [name] = Object.keys(options);
  log('client', name, await said({ port: targetPort, host: '127.0.0.1', ...options }));
}
log('client', 'family', await said({ port: targetPort, host: '::1', localAddress: '::' }));
log('client', 'family', await said({ port: targetPort, host: '::ffff:127.0.0.1', localAddress: '::1' }));
await close(target);
first.close();
