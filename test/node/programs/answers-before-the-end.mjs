// Answers to requests that are not read to their end: the connection is reset with the rest of the request unread, and
// the answer that was written before must arrive all the same.
import http from 'node:http';
import net from 'node:net';
import { listening, log } from './log.mjs';

const server = http.createServer((request, response) => {
  response.writeHead(413, { connection: 'close' });
  response.end('too large');
  setImmediate(() => request.socket.destroySoon());
});
const port = await listening(server, 0);

function post() {
  return new Promise((resolve) => {
    const request = http.request({ port, method: 'POST' }, (response) => {
      let text = '';
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
    request.on('error', () => {}); // what is still to be sent of the request may fail
    request.end(Buffer.alloc(300_000));
  });
}

function rubbish() {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1');
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text.split('\r\n')[0]));
    socket.write(`BAD REQUEST\r\n\r\n${'x'.repeat(5000)}`);
  });
}

for (let i = 0; i < 5; i++) log(`body too large, ${i}`, await post());
for (let i = 0; i < 5; i++) log(`no request at all, ${i}`, await rubbish());
server.close();
