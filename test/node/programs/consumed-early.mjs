// A parser that is given a client's handle before that has connected, as native code may be.
import { createRequire } from 'node:module';
import net from 'node:net';
import { heard, listening, log } from './log.mjs';

const { HTTPParser } = createRequire(import.meta.url)('_http_common');
const server = net.createServer((peer) => {
  peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
  setTimeout(() => peer.end('2\r\nbc\r\n0\r\n\r\n'), 20);
});
const port = await listening(server, 0, '127.0.0.1');

async function client(name, unconsumes) {
  const socket = net.connect(port, '127.0.0.1');
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.RESPONSE, {}, 0, 0);
  parser[HTTPParser.kOnHeadersComplete] = (...values) => log(name, 'headers', values[5]);
  parser[HTTPParser.kOnBody] = (body) => log(name, 'body', body);
  parser[HTTPParser.kOnMessageComplete] = () => log(name, 'complete');
  let executed = 0;
  parser[HTTPParser.kOnExecute] = (bytes) => (executed += bytes);
  parser.consume(socket._handle);
  if (unconsumes) parser.unconsume();
  let got = 0;
  socket.on('data', (data) => (got += data.length));
  socket.on('end', () => log(name, 'end', got));
  await heard(socket, 'close');
  log(name, 'executed', executed);
  parser.unconsume();
}

await client('consumed', false);
await client('given back', true);
server.close();
