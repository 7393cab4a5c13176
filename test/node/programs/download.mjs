// 100 MB over http must arrive as they were sent.
import { createHash } from 'node:crypto';
import http from 'node:http';
import { Readable } from 'node:stream';
import { heard, listening, log } from './log.mjs';

const total = 100 * 1024 * 1024;
const block = Buffer.alloc(1024 * 1024);
for (let i = 0; i < block.length; i += 4) block.writeUInt32LE((i * 2654435761) >>> 0, i);
const sent = createHash('sha256');
const server = http.createServer((request, response) => {
  if (request.url === '/length') response.setHeader('content-length', total);
  let left = total;
  new Readable({
    read(size) {
      const part = block.subarray(0, Math.min(left, size * 7 + (left % 11)));
      left -= part.length;
      sent.update(part);
      this.push(part.length > 0 ? part : null);
    },
  }).pipe(response);
});
const port = await listening(server, 0);
const response = (await heard(http.get({ port, path: '/length' }), 'response'))[0];
const received = createHash('sha256');
let bytes = 0;
for await (const chunk of response) {
  received.update(chunk);
  bytes += chunk.length;
}
log('result', bytes, received.digest('hex') === sent.digest('hex'), response.complete);
server.close();
