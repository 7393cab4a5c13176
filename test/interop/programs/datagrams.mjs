/**
 * Either end of datagrams, over the card or the kernel alike: `server PORT` answers each with its own bytes;
 * `client ADDRESS PORT` sends some of all lengths, over one socket that names its peer and one that is
 * connected, and says which came back as they went.
 */
import dgram from 'node:dgram';
import { once } from 'node:events';

const [role, ...rest] = process.argv.slice(2);
const LENGTHS = [0, 1, 17, 1472, 1473, 4000, 16_377, 40_000, 65_507];
const PATIENCE_MS = 10_000;

async function ask(socket, bytes, send) {
  const answer = once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
  send(bytes);
  const [came] = await answer;
  return came.equals(bytes);
}

if (role === 'server') {
  const server = dgram.createSocket('udp4');
  server.on('message', (bytes, { address, port }) => server.send(bytes, port, address));
  server.bind(Number(rest[0]), () => console.log('listening'));
} else {
  const [address, port] = [rest[0], Number(rest[1])];
  const named = dgram.createSocket('udp4');
  const connected = dgram.createSocket('udp4');
  connected.connect(port, address);
  await once(connected, 'connect');
  for (const length of LENGTHS) {
    const bytes = Buffer.alloc(length, length);
    const one = await ask(named, bytes, (what) => named.send(what, port, address));
    const other = await ask(connected, bytes, (what) => connected.send(what));
    console.log(`${length} ${one && other}`);
  }
  named.close();
  connected.close();
}
