/** A program under test whose timers and clocks stand still: its sockets go on, as over the kernel. */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { mock } from 'node:test';
import { log } from './log.mjs';

const never = () => ({ ref() {}, unref() {}, hasRef: () => false });
process.removeAllListeners('warning'); // that mocks are experimental
mock.timers.enable();
for (const name of ['setTimeout', 'setInterval', 'setImmediate']) globalThis[name] = never;
performance.now = () => 0;
process.hrtime.bigint = () => 0n;

const server = net.createServer((peer) => peer.on('data', (data) => peer.write(data)));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
for (let round = 0; round < 5; round++) {
  const client = net.connect(server.address().port, '127.0.0.1');
  await once(client, 'connect');
  for (let size = 1; size <= 100_000; size *= 10) {
    client.write(Buffer.alloc(size, size));
    let got = 0;
    while (got < size) got += (await once(client, 'data'))[0].length;
    log(`round ${round}`, 'came back', got);
  }
  client.end();
  await once(client, 'close');
}
server.close();
await once(server, 'close');

const site = http.createServer((request, response) => response.end(request.url)).listen(0, '127.0.0.1');
await once(site, 'listening');
const [answer] = await once(
  http.get({ port: site.address().port, path: '/still', agent: false }),
  'response',
);
log('http', String((await once(answer, 'data'))[0]));
site.close();
