// An HTTP server's parser: what runs between the pieces of one chunk, and what is left over at its end.
import http from 'node:http';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const handlers = {
  // Reads one piece, pauses, answers, and reads the rest afterwards.
  paused(request, response) {
    let got = '';
    request.once('data', (piece) => {
      got += piece;
      request.pause();
      response.end('accepted');
      response.on('finish', () =>
        setTimeout(() => {
          request.on('data', (more) => (got += more));
          request.resume();
        }, 20),
      );
    });
    request.on('end', () => log('paused', got));
  },
  // Ticks and microtasks run after each piece.
  ticks(request, response) {
    const seen = [];
    request.on('data', (piece) => {
      seen.push(String(piece));
      process.nextTick(() => seen.push(`tick ${piece}`));
      Promise.resolve().then(() => seen.push(`microtask ${piece}`));
    });
    request.on('end', () => {
      log('ticks', seen.join(' '));
      response.end();
    });
  },
  async iterated(request, response) {
    const pieces = [];
    for await (const piece of request) {
      pieces.push(String(piece));
      if (pieces.length === 2) break;
    }
    log('iterated', pieces.join(' '), request.destroyed);
    response.end('half');
  },
  pipelined(request, response) {
    log('pipelined', request.headers.turn);
    request.resume();
    setTimeout(() => response.end(request.headers.turn), request.headers.turn === '0' ? 20 : 0);
  },
};
const server = http.createServer((request, response) => handlers[request.url.slice(1)](request, response));
server.on('upgrade', (request, socket, head) => {
  log('upgrade', request.url, head);
  socket.on('data', (piece) => log('upgrade', 'data', piece));
  socket.on('end', () => socket.end());
  socket.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: own\r\n\r\nfirst');
});
server.on('connect', (request, socket, head) => {
  log('connect', request.url, head);
  socket.resume();
  socket.end('HTTP/1.1 200 OK\r\n\r\nthrough');
});
server.on('clientError', (error, socket) => {
  log('clientError', error.code, error.bytesParsed, String(error.rawPacket).length);
  socket.resume();
  socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
});
const port = await listening(server, 0, '127.0.0.1');

async function raw(name, ...pieces) {
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (piece) => (text += piece));
  const closed = heard(socket, 'close');
  await heard(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (!pieces.join('').includes('Connection: close')) socket.end(); // else the server ends
  await closed;
  log(`raw ${name}`, text.replace(/Date: .*?\r\n/g, ''));
}

const chunked = (path) =>
  `POST /${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
  '3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n';
for (const path of ['paused', 'ticks', 'iterated']) await raw(path, chunked(path));
const turn = (i) => `GET /pipelined HTTP/1.1\r\nHost: x\r\nTurn: ${i}\r\n\r\n`;
await raw('pipelined', turn(0) + turn(1) + turn(2), `${turn(3).trim()}\r\nConnection: close\r\n\r\n`);
const ask = 'GET /u HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: own\r\n\r\n';
await raw('upgrade', `${ask}head`, 'later');
await raw('upgrade without head', ask, 'later');
await raw('connect', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\nhead');
await raw('bad', 'GET / HTTP/1.1\r\nHost x\r\n\r\n');
await raw('bad later', `${turn(4)}GARBAGE\r\n\r\n`);
const large = Buffer.alloc(1_000_000, 'b');
const request = http.request({
  port,
  host: '127.0.0.1',
  path: '/pipelined',
  method: 'POST',
  headers: { turn: 5 },
});
request.end(large);
const [response] = await heard(request, 'response');
for await (const piece of response) log('large', piece);
server.close();
