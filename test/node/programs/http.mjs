// What node:http does on a connection: keep-alive reuse, many at once, chunks both ways, pipelining, 100-continue, HEAD.
import http from 'node:http';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const server = http.createServer(async (request, response) => {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += chunk;
  response.setHeader('x-seen', body.length);
  if (request.url === '/chunks') {
    for (let i = 0; i < 5; i++) {
      response.write(`chunk ${i};`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.addTrailers({ 'x-trailer': 'there' });
    response.end();
  } else response.end(request.method + request.url + body.slice(0, 20));
});
server.on('checkContinue', (request, response) => {
  log('server', 'checkContinue');
  response.writeContinue();
  server.emit('request', request, response);
});
const port = await listening(server, 0);
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

function ask(path, options = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, path, agent, ...options }, async (response) => {
      let text = '';
      response.setEncoding('utf8');
      for await (const chunk of response) text += chunk;
      resolve({ text, status: response.statusCode, response, reused: request.reusedSocket });
    });
    request.on('error', reject);
    if (typeof body === 'function') body(request);
    else request.end(body);
  });
}

for (let i = 0; i < 5; i++) {
  const { text, status, reused } = await ask(`/serial/${i}`);
  log('serial', text, status, reused);
}
const many = await Promise.all(
  Array.from({ length: 300 }, (_, i) => ask(`/many/${i}`, { method: 'POST' }, 'b'.repeat(i * 31))),
);
log(
  'many',
  many.every((answer, i) => answer.text.startsWith(`POST/many/${i}b`.slice(0, 11)) && answer.status === 200),
);
log(
  'many',
  many.reduce((sum, answer) => sum + Number(answer.response.headers['x-seen']), 0),
);
const chunks = await ask('/chunks');
log(
  'chunks',
  chunks.text,
  chunks.response.headers['transfer-encoding'],
  chunks.response.trailers['x-trailer'],
);
const upload = await ask('/upload', { method: 'PUT' }, (request) => {
  for (let i = 0; i < 50; i++) request.write('p'.repeat(10_000));
  request.end('last');
});
log('upload', upload.response.headers['x-seen'], upload.text);
const head = await ask('/head', { method: 'HEAD' });
log('head', JSON.stringify(head.text), head.status);
const careful = await ask('/careful', { method: 'POST', headers: { expect: '100-continue' } }, (request) => {
  request.on('continue', () => {
    log('careful', 'continue');
    request.end('now');
  });
  request.flushHeaders();
});
log('careful', careful.text);
agent.destroy();

const raw = net.connect(port);
raw.setEncoding('utf8');
let answers = '';
raw.on('data', (chunk) => (answers += chunk));
raw.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
raw.write('GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
await heard(raw, 'close');
log('pipelined', answers.replace(/Date: .*\r\n/g, '').replaceAll('\r\n', '|'));
const bad = net.connect(port);
bad.setEncoding('utf8');
bad.on('data', (chunk) => log('bad', chunk.replaceAll('\r\n', '|')));
bad.write('NONSENSE\r\n\r\n');
await heard(bad, 'close');
server.close();
