// What a TLS client has written to another thread's server waits until that reads, while the collector runs.
import { createHash } from 'node:crypto';
import tls from 'node:tls';
import v8 from 'node:v8';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import { cert, key } from './certificate.mjs';

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');
const BYTES = 8 << 20;

const source = `
const { parentPort, workerData } = require('node:worker_threads');
const hash = require('node:crypto').createHash('sha1');
const server = require('node:tls').createServer(workerData, (socket) => {
  parentPort.once('message', () => {
    socket.on('data', (data) => hash.update(data));
    socket.on('end', () => { socket.end(hash.digest('hex')); server.close(); });
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;
const worker = new Worker(source, { eval: true, workerData: { key, cert } });
const port = await new Promise((resolve) => worker.once('message', resolve));
const bytes = Buffer.alloc(BYTES);
for (let i = 0; i < BYTES; i += 4) bytes.writeUInt32LE(i, i);
const client = tls.connect({ host: '127.0.0.1', port, ca: cert, servername: 'localhost' }, () => {
  client.end(bytes);
  setTimeout(() => {
    for (let i = 0; i < 3; i++) {
      collect();
      Buffer.alloc(BYTES, i + 1);
    }
    worker.postMessage('read');
  }, 30);
});
client.setEncoding('utf8');
client.on('data', (text) => console.log(text === createHash('sha1').update(bytes).digest('hex')));
client.on('error', (error) => console.log('error', error.code));
// Which of the two ends first is not said: the thread may be gone before its end of the connection has been heard.
const closed = new Promise((resolve) => client.once('close', resolve));
const [code] = await Promise.all([new Promise((resolve) => worker.once('exit', resolve)), closed]);
console.log('closed, exit', code);
