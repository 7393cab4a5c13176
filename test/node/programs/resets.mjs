// A server that resets what it has just accepted: the client's connect fails. And what is told before the connect.
import dns from 'node:dns';
import net from 'node:net';
import { listening } from './log.mjs';

async function connecting(name, accepted, options) {
  const server = net.createServer({ pauseOnConnect: true }, accepted);
  const port = await listening(server, 0, '127.0.0.1');
  const client = net.connect({ port, host: '127.0.0.1', ...options });
  client.on('connect', () => console.log(name, 'connect'));
  client.on('error', ({ code, syscall }) => console.log(name, code, syscall));
  client.on('end', () => console.log(name, 'end'));
  client.resume();
  await new Promise((resolve) => client.on('close', resolve));
  server.close();
}

for (let i = 0; i < 3; i++) {
  await connecting('reset', (socket) => socket.resetAndDestroy());
  await connecting('destroyed', (socket) => socket.destroy());
  await connecting('reset in a tick', (socket) => process.nextTick(() => socket.resetAndDestroy()));
}

// Immediates that were there before a callback of the poll phase began to connect come before the connect.
const server = net.createServer((socket) => socket.end());
const port = await listening(server, 0, '127.0.0.1');
for (let i = 0; i < 3; i++) {
  const order = [];
  await new Promise((resolve) => {
    dns.lookup('127.0.0.1', () => {});
    const lookup = (_name, options, callback) =>
      dns.lookup('localhost', { ...options, family: 4 }, (...answer) => {
        setImmediate(() => order.push('immediate'));
        callback(...answer);
      });
    const client = net.connect({ port, host: 'localhost', lookup }, () => order.push('connect'));
    client.resume();
    client.on('close', resolve);
  });
  console.log(order.join(' '));
}
server.close();
