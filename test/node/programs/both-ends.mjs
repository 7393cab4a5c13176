// One order for both ends of a connection within a process, where the kernel’s loopback fixes it.
import http from 'node:http';
import net from 'node:net';
import { listening } from './log.mjs';

const say = (...what) => console.log(...what);

function watch(name, socket, act) {
  socket.on('data', (data) => {
    say(name, 'data', String(data));
    act?.(socket, String(data));
  });
  for (const event of ['end', 'finish', 'close']) socket.on(event, () => say(name, event));
  socket.on('error', (error) => say(name, error.code));
}

/** Three connections, one after another, whose ends act on what they hear. */
async function shape(name, server, client, options = {}) {
  say(`-- ${name}`);
  const closed = [];
  const listener = net.createServer({ allowHalfOpen: options.half }, (socket) => {
    say('server', 'connection');
    watch('server', socket, server);
    closed.push(new Promise((resolve) => socket.on('close', resolve)));
    options.accepted?.(socket);
  });
  const port = await listening(listener, 0, '127.0.0.1');
  for (let i = 0; i < 3; i++) {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: options.half });
    watch('client', socket, client);
    socket.on('connect', () => {
      say('client', 'connect');
      setTimeout(() => socket.write('hello'), 5);
    });
    await new Promise((resolve) => socket.on('close', resolve));
    await Promise.all(closed);
  }
  listener.close();
}

const answer = (socket) => socket.write('answer');
await shape('the client ends', answer, (socket) => socket.end());
await shape('the server ends', (socket) => socket.end('answer'), undefined);
await shape('the client destroys', answer, (socket) => socket.destroy());
await shape('the server destroys', (socket) => socket.destroy(), undefined);
await shape('the client resets', answer, (socket) => socket.resetAndDestroy());
await shape('the server resets', (socket) => socket.resetAndDestroy(), undefined);
await shape('an immediate destroys', answer, (socket) => setImmediate(() => socket.destroy()));
await shape(
  'halves',
  (socket) => socket.end('answer'),
  (socket) => socket.end(),
  { half: true },
);
await shape('destroyed when accepted', undefined, undefined, { accepted: (socket) => socket.destroy() });

say('-- several at once');
const several = net.createServer(() => say('connection'));
const all = new Promise((resolve) => {
  let heard = 0;
  several.on('connection', () => ++heard === 5 && resolve());
});
const port = await listening(several, 0, '127.0.0.1');
const sockets = Array.from({ length: 5 }, (_, i) => net.connect(port, '127.0.0.1', () => say('connect', i)));
await all;
for (const socket of sockets) socket.destroy();
several.close();

say('-- a request');
let served;
const server = http.createServer((request, response) => {
  say('request');
  served = new Promise((resolve) => request.socket.on('close', resolve));
  response.on('finish', () => say('response finish'));
  request.socket.on('close', () => say('server socket close'));
  response.end('body');
});
const httpPort = await listening(server, 0, '127.0.0.1');
const request = http.get({ port: httpPort, host: '127.0.0.1', agent: false }, (response) => {
  say('response', response.headers.connection);
  response.on('data', (data) => say('body', String(data)));
  response.on('end', () => say('end'));
});
request.on('socket', (socket) => socket.on('close', () => say('client socket close')));
await new Promise((resolve) => request.on('close', resolve));
await served;
server.close();
