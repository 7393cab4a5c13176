// A cluster keeps to the kernel: its workers' connections come from other processes.
import cluster from 'node:cluster';
import http from 'node:http';
import { log } from './log.mjs';

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', (address) => {
    // From outside: a process of its own, with the kernel's sockets.
    worker.send(address.port);
  });
  worker.on('message', async ({ body, port }) => {
    log('primary', body);
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    log('primary', 'itself', await response.text());
    worker.disconnect();
  });
  worker.on('exit', (code) => log('primary', 'exit', code));
} else {
  const server = http.createServer((_request, response) => response.end('from the worker'));
  server.listen(0, '127.0.0.1');
  process.on('message', async (port) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    process.send({ body: await response.text(), port });
  });
}
