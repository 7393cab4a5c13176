// What nothing caught in the ticks of a callback: the program hears of it, and goes on.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import { cert, key } from './certificate.mjs';
import { listening } from './log.mjs';

process.on('uncaughtException', (error, origin) => console.log(error.message, origin));

const WAYS = {
  'at once': (what) => {
    throw new Error(what);
  },
  'in a tick': (what) =>
    process.nextTick(() => {
      process.nextTick(() => console.log(what, 'has a later tick'));
      throw new Error(what);
    }),
  'in a microtask': (what) =>
    queueMicrotask(() => {
      throw new Error(what);
    }),
};

/** Resolves after what the event tells the program, whatever that throws. */
const told = (emitter, event) =>
  new Promise((resolve) => emitter.prependOnceListener(event, () => setTimeout(resolve, 5)));

/** What is done where, one after another, to an end that the program itself makes. */
const PLACES = {
  async tls(fail) {
    const server = tls.createServer({ key, cert }, (socket) => {
      socket.on('data', (data) => {
        socket.end(data);
        fail('tls data');
      });
    });
    const port = await listening(server, 0);
    const client = tls.connect({ port, rejectUnauthorized: false }, () => client.write('hello'));
    client.on('data', (data) => console.log('client', String(data)));
    client.on('end', () => fail('tls end'));
    await told(client, 'end');
    client.destroy();
    server.close();
  },
  async handshake(fail) {
    const server = tls.createServer({ key, cert }, (socket) => socket.end('hello'));
    const port = await listening(server, 0);
    const client = tls.connect({ port, rejectUnauthorized: false }, () => fail('secure'));
    client.on('data', (data) => console.log('client', String(data)));
    client.on('error', () => {});
    await told(client, 'end');
    client.destroy();
    server.close();
  },
  async body(fail) {
    const server = http.createServer((request, response) => {
      request.once('data', () => fail('http body'));
      response.end('early');
    });
    const port = await listening(server, 0);
    const request = http.request({ port, method: 'POST', agent: false }, (response) => {
      response.on('data', (data) => console.log('client', String(data)));
    });
    request.end('body');
    await told(request, 'response');
    request.destroy();
    server.closeAllConnections();
    server.close();
  },
  async https(fail) {
    const server = https.createServer({ key, cert }, (request, response) => {
      request.resume();
      response.end('answer');
      fail('https request');
    });
    const port = await listening(server, 0);
    const options = { port, agent: false, rejectUnauthorized: false };
    const request = https.get(options, (response) => {
      response.on('data', (data) => console.log('client', String(data)));
      fail('https response');
    });
    await told(request, 'response');
    request.destroy();
    server.closeAllConnections();
    server.close();
  },
  async http2(fail) {
    const server = http2.createServer();
    server.on('stream', (stream) => {
      stream.respond();
      stream.end('answer');
      fail('http2 stream');
    });
    const port = await listening(server, 0);
    const client = http2.connect(`http://localhost:${port}`);
    const stream = client.request();
    stream.on('response', () => fail('http2 response'));
    stream.on('data', (data) => console.log('client', String(data)));
    await told(stream, 'response');
    client.destroy();
    server.close();
  },
};

for (const [place, act] of Object.entries(PLACES)) {
  for (const [way, fail] of Object.entries(WAYS)) {
    console.log('--', place, way);
    await act(fail);
  }
}
