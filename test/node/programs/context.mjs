// AsyncLocalStorage: what each callback finds in the store.
import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const store = new AsyncLocalStorage();
// Each thing once: how many chunks there are is not the point.
const said = new Set();
const seen = (name, ...values) => {
  const line = [name, ...values, store.getStore()].join(' ');
  if (!said.has(line)) log(name, ...values, store.getStore());
  said.add(line);
};

const server = net.createServer();
store.run('listener', () => {
  server.on('connection', (peer) => {
    seen('server', 'connection');
    peer.on('data', (chunk) => {
      seen('server', 'data');
      peer.write(chunk, () => seen('server', 'written'));
    });
    peer.on('end', () => seen('server', 'end'));
    peer.on('close', () => seen('server', 'close'));
  });
  server.listen(0, () => seen('server', 'listening'));
});
await heard(server, 'listening');
await Promise.all(
  [1, 2, 3].map((id) =>
    store.run(`client ${id}`, async () => {
      const socket = net.connect(server.address().port, () => {
        seen(`client ${id}`, 'connect');
        process.nextTick(() => seen(`client ${id}`, 'tick'));
        socket.write(Buffer.alloc(8_000_000), () => seen(`client ${id}`, 'big written'));
      });
      let bytes = 0;
      socket.on('data', (chunk) => {
        bytes += chunk.length;
        if (bytes === 8_000_000) {
          seen(`client ${id}`, 'data');
          store.run('inner', () => socket.end(() => seen(`client ${id}`, 'finish')));
        }
      });
      socket.on('close', () => seen(`client ${id}`, 'close'));
      await heard(socket, 'close');
      seen(`client ${id}`, 'awaited');
    }),
  ),
);
server.close();
store.run('refused', () =>
  net.connect(server.port ?? 1, '127.0.0.1').on('error', () => seen('refused', 'error')),
);

const web = http.createServer((request, response) => {
  store.run(`request ${request.url}`, async () => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    let body = '';
    for await (const chunk of request) body += chunk;
    seen(request.url, 'handler', body);
    response.on('finish', () => seen(request.url, 'finish'));
    response.end(store.getStore());
  });
});
const port = await listening(web, 0);
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
await Promise.all(
  Array.from({ length: 8 }, (_, id) =>
    store.run(`get ${id}`, () => {
      return new Promise((resolve) => {
        const request = http.request({ port, path: `/${id}`, method: 'POST', agent }, (response) => {
          seen(`get ${id}`, 'response');
          response.on('data', (chunk) => seen(`get ${id}`, 'data', chunk));
          response.on('end', () => {
            seen(`get ${id}`, 'end');
            resolve();
          });
        });
        request.on('socket', () => seen(`get ${id}`, 'socket'));
        request.end('body');
      });
    }),
  ),
);
agent.destroy();
web.close();
