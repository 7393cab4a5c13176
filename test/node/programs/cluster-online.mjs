// What a primary sends to its worker as soon as that is online: it must find the worker's program listening.
import cluster from 'node:cluster';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { heard, log } from './log.mjs';

cluster.setupPrimary({ exec: fileURLToPath(new URL('online-worker.cjs', import.meta.url)) });

async function start(name, greet) {
  const worker = cluster.fork();
  worker.on('message', ({ text, server, execArgv }) => log(name, text, server, execArgv));
  await heard(worker, 'online');
  greet(worker);
  log(name, 'exit', ...(await heard(worker, 'exit')));
}

await start('text', (worker) => worker.send('hello'));
const server = net.createServer();
await start('server', (worker) => server.listen(0, '127.0.0.1', () => worker.send('listen', server)));
server.close();
