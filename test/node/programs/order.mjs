// The order of one end's events in the shapes of half-close, among the ticks and immediates that they make.
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function watch(name, socket) {
  const say = (what) => {
    log(name, what, socket.readyState);
    process.nextTick(() => log(name, 'tick after', what));
    setImmediate(() => log(name, 'immediate after', what));
  };
  for (const event of ['connect', 'end', 'finish', 'close']) socket.on(event, () => say(event));
  socket.on('data', (data) => say(`data ${data}`));
  socket.on('error', (error) => say(error.code));
}

/** @param act what is done to a connection at rest, whose peer is watched too if it has nothing to race with. */
async function shape(name, half, act) {
  const server = net.createServer({ allowHalfOpen: half });
  const port = await listening(server, 0, '127.0.0.1');
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: half });
  const [[peer]] = await Promise.all([heard(server, 'connection'), heard(client, 'connect')]);
  client.write('hello');
  await heard(peer, 'data');
  await pause(5);
  watch(`${name} client`, client);
  watch(`${name} peer`, peer);
  if (half) peer.on('end', () => setTimeout(() => peer.end(), 5));
  const closed = Promise.all([heard(client, 'close'), heard(peer, 'close')]);
  act(client, peer);
  await closed;
  server.close();
  await pause(5);
}

for (const half of [false, true]) {
  const kind = half ? 'half' : 'whole';
  await shape(`${kind} end`, half, (client) => client.end());
  await shape(`${kind} end with data`, half, (client) => client.end('bye'));
  await shape(`${kind} end in a callback`, half, (client, peer) => {
    peer.write('now');
    client.once('data', () => client.end());
  });
  await shape(`${kind} end and destroy`, half, (client, peer) => {
    peer.on('end', () => peer.end());
    client.end('bye');
    client.on('end', () => client.destroy());
  });
  await shape(`${kind} destroy in a callback`, half, (client, peer) => {
    peer.on('end', () => peer.end());
    peer.write('now');
    client.once('data', () => {
      client.destroy();
      setImmediate(() => log(`${kind} destroy in a callback client`, 'own immediate'));
    });
  });
  await shape(`${kind} destroySoon`, half, (client, peer) => {
    peer.on('end', () => peer.end());
    peer.write('now');
    client.once('data', () => {
      client.write('last');
      client.destroySoon();
    });
  });
}
