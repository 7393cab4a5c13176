/**
 * Either end of the interop tests, over node:net: the card's under `inic run`, the kernel's under node alone.
 *
 *     peer.mjs server PORT                  serves what a connection's first line asks for
 *     peer.mjs client HOST PORT TASK…       does each task in turn, and prints a line of JSON for each
 *
 * A task is a name and a number, such as up:1000000. Payload is drawn from a counter, and both ends take its
 * SHA-256.
 */
import { createHash } from 'node:crypto';
import net from 'node:net';

const CHUNK = 65536;
const [role, ...rest] = process.argv.slice(2);

/** Bytes of a stream from an offset on: no two chunks are alike. */
function chunkAt(offset, length) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i += 4) bytes.writeInt32LE(Math.imul(offset + i, 2654435761 | 0), i);
  return bytes;
}

/** Writes so many bytes. @returns their hash. */
async function pour(socket, count) {
  const hash = createHash('sha256');
  for (let sent = 0; sent < count; ) {
    const bytes = chunkAt(sent, Math.min(CHUNK, (count - sent + 3) & ~3)).subarray(0, count - sent);
    hash.update(bytes);
    sent += bytes.length;
    if (!socket.write(bytes)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  return hash.digest('hex');
}

/** Reads to the end, and leaves the other half open. @returns how many bytes there were, and their hash. */
function drink(socket, first = Buffer.alloc(0)) {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256').update(first);
    let bytes = first.length;
    socket
      .on('data', (chunk) => {
        hash.update(chunk);
        bytes += chunk.length;
      })
      .once('end', () => resolve({ bytes, hash: hash.digest('hex') }))
      .once('error', reject)
      .resume();
  });
}

/** The first line that comes, and what is behind it. */
function firstLine(socket) {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    const look = () => {
      for (let bytes = socket.read(); bytes !== null; bytes = socket.read())
        held = Buffer.concat([held, bytes]);
      const end = held.indexOf('\n');
      if (end < 0) return;
      socket.off('readable', look);
      resolve({ line: String(held.subarray(0, end)), rest: held.subarray(end + 1) });
    };
    socket
      .on('readable', look)
      .once('error', reject)
      .once('close', () => reject(new Error('closed')));
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const SERVES = {
  /** Takes a stream to its end, and answers with what it was. */
  async up(socket, _, rest) {
    socket.end(JSON.stringify(await drink(socket, rest)));
  },
  /** The same, but reads nothing for a while, so that the window closes. */
  async slow(socket, count, rest) {
    await pause(count);
    socket.end(JSON.stringify(await drink(socket, rest)));
  },
  async down(socket, count) {
    await pour(socket, count);
    socket.end();
  },
  async reset(socket) {
    socket.resetAndDestroy();
  },
  async echo(socket, _, rest) {
    socket.write(rest);
    socket.pipe(socket);
  },
};

const DOES = {
  async up(socket, count) {
    const hash = await pour(socket, count);
    socket.end();
    const answer = JSON.parse(await text(socket));
    return answer.hash === hash && answer.bytes === count;
  },
  async slow(socket) {
    const count = 6_000_000;
    return await DOES.up(socket, count);
  },
  async down(socket, count) {
    const hash = createHash('sha256');
    for (let at = 0; at < count; at += CHUNK)
      hash.update(chunkAt(at, Math.min(CHUNK, (count - at + 3) & ~3)).subarray(0, count - at));
    const got = await drink(socket);
    return got.bytes === count && got.hash === hash.digest('hex');
  },
  /** The peer resets: that is what the program hears. */
  async reset(socket) {
    return await drink(socket).then(
      () => false,
      ({ code }) => code === 'ECONNRESET',
    );
  },
  async echo(socket, count) {
    for (let i = 0; i < count; i++) {
      const message = chunkAt(i * 64, 64);
      socket.write(message);
      let got = Buffer.alloc(0);
      while (got.length < 64) {
        const bytes = socket.read() ?? (await new Promise((resolve) => socket.once('readable', resolve)));
        if (bytes) got = Buffer.concat([got, bytes]);
      }
      if (!got.equals(message)) return false;
    }
    socket.end();
    return true;
  },
};

function text(socket) {
  return new Promise((resolve, reject) => {
    let all = '';
    socket
      .on('data', (part) => (all += part))
      .once('end', () => resolve(all))
      .once('error', reject);
  });
}

/** One connection for a task. */
async function does(host, port, name, count) {
  const socket = net.connect({ host, port, allowHalfOpen: true });
  socket.on('error', () => {});
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.write(`${name}:${count}\n`);
  return await DOES[name](socket, count);
}

/** So many connections at once, each of which is answered. */
async function crowd(host, port, count) {
  const ends = Array.from({ length: count }, async () => await does(host, port, 'echo', 2));
  return (await Promise.all(ends)).every((good) => good);
}

async function client([host, port, ...tasks]) {
  let bad = 0;
  for (const task of tasks) {
    const [name, count] = task.split(':');
    const began = process.hrtime.bigint();
    let outcome;
    try {
      outcome = await (name === 'crowd'
        ? crowd(host, Number(port), Number(count))
        : does(host, Number(port), name, Number(count)));
    } catch (error) {
      outcome = String(error.code ?? error.message);
    }
    if (outcome !== true) bad += 1;
    const ms = Number(process.hrtime.bigint() - began) / 1e6;
    console.log(JSON.stringify({ task, good: outcome, ms: Math.round(ms) }));
  }
  process.exitCode = bad === 0 ? 0 : 1;
}

if (role === 'client') await client(rest);
else {
  net
    .createServer({ allowHalfOpen: true }, async (socket) => {
      socket.on('error', () => {});
      try {
        const { line, rest: behind } = await firstLine(socket);
        const [name, count] = line.split(':');
        await SERVES[name](socket, Number(count), behind);
      } catch {
        socket.destroy();
      }
    })
    .listen(Number(rest[0]), () => console.log('listening'));
}
