// Errors by name, as the kernel gives them.
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const say = (name, error) =>
  log(name, error.code, error.errno, error.syscall, error.message.replace(/\d{4,5}/g, 'PORT'));

const spare = net.createServer();
const closed = await listening(spare, 0, '127.0.0.1');
spare.close();
await heard(spare, 'close');
say('refused', (await heard(net.connect(closed, '127.0.0.1'), 'error'))[0]);
say('refused6', (await heard(net.connect(closed, '::1'), 'error'))[0]);

const server = net.createServer();
const port = await listening(server, 0);
for (const host of [undefined, '127.0.0.1', '0.0.0.0', '::']) {
  const rival = net.createServer();
  rival.listen({ port, ...(host && { host }) });
  say(`in use ${host}`, (await heard(rival, 'error'))[0]);
  log(`in use ${host}`, rival.listening);
}
const taken = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort: port });
const [localError] = await heard(taken, 'error');
log('local port in use', localError.code);
log(
  'double listen',
  (() => {
    try {
      server.listen(0);
    } catch (error) {
      return error.code;
    }
  })(),
);

// The peer resets; we read, or write.
for (const action of ['read', 'write']) {
  const accepted = heard(server, 'connection');
  const socket = net.connect(port, '127.0.0.1');
  await heard(socket, 'connect');
  const [peer] = await accepted;
  if (action === 'read') socket.resume();
  socket.on('end', () => log(action, 'end'));
  const failed = heard(socket, 'error');
  const gone = heard(socket, 'close');
  peer.on('close', (hadError) => log(`${action} peer`, 'close', hadError));
  peer.resetAndDestroy();
  if (action === 'write') {
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.write('into the void', (error) =>
      log(action, 'callback', ['EPIPE', 'ECONNRESET'].includes(error?.code)),
    );
  }
  const [error] = await failed;
  log(action, ['EPIPE', 'ECONNRESET'].includes(error.code), error.syscall);
  log(action, 'close', (await gone)[0]);
}

// The peer closes with our bytes unread: a reset, as Linux has it.
const accepted = heard(server, 'connection');
const socket = net.connect(port, '127.0.0.1');
const [peer] = await accepted;
peer.pause();
socket.on('error', (error) => log('unread', error.code));
socket.write('never read');
await new Promise((resolve) => setTimeout(resolve, 30));
peer.destroy();
socket.resume();
log('unread', 'close', (await heard(socket, 'close'))[0]);

// After the end nothing may be written.
const ended = net.connect(port, '127.0.0.1');
await heard(ended, 'connect');
ended.end();
ended.on('error', (error) => log('after end', error.code));
ended.write('x', (error) => log('after end', 'callback', error.code));
await heard(ended, 'close');
server.close();
log('closed write', await new Promise((resolve) => ended.write('x', (error) => resolve(error.code))));
setTimeout(() => process.exit(0), 20);
