// setTimeout of sockets: an idle one times out, a busy one does not; http's own timeouts.
import http from 'node:http';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const server = net.createServer((peer) => peer.pipe(peer));
const port = await listening(server, 0);
const idle = net.connect(port);
idle.setTimeout(60, () => {
  log('idle', 'timeout', idle.timeout, idle.destroyed);
  idle.end();
});
idle.resume();
await heard(idle, 'close');

const busy = net.connect(port);
busy.setTimeout(400, () => log('busy', 'timeout'));
busy.resume();
for (let i = 0; i < 12; i++) {
  busy.write('x');
  await new Promise((resolve) => setTimeout(resolve, 50));
}
busy.setTimeout(0);
busy.end();
await heard(busy, 'close');
log('busy', busy.bytesRead);
server.close();

const web = http.createServer(() => {});
const request = http.get({ port: await listening(web, 0), timeout: 50 });
request.on('timeout', () => {
  log('http', 'timeout');
  request.destroy();
});
const [error] = await heard(request, 'error');
log('http', error.code);
web.closeAllConnections();
web.close();
