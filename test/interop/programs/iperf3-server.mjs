/**
 * The server's end of iperf3 over node:net: its control channel (states, parameters and results as JSON
 * behind four bytes of length) and TCP streams either way. The real iperf3 is the client.
 *
 *     inic run --tap inic0 --address 10.9.0.2/24 iperf3-server.mjs [PORT]
 *
 * It serves one test at a time, as iperf3 -s does, and prints a line for each.
 */
import net from 'node:net';

const [PARAM_EXCHANGE, CREATE_STREAMS, TEST_START, TEST_RUNNING] = [9, 10, 1, 2];
const [TEST_END, EXCHANGE_RESULTS, DISPLAY_RESULTS, IPERF_DONE] = [4, 13, 14, 16];
const COOKIE_BYTES = 37;

/** Bytes that have come on the control channel, and who waits for some of them. */
class Control {
  #held = Buffer.alloc(0);
  #wanted;

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.#held = Buffer.concat([this.#held, bytes]);
      this.#serve();
    });
    socket.on('close', () => this.#wanted?.reject(new Error('the client has gone')));
  }

  take(count) {
    return new Promise((resolve, reject) => {
      this.#wanted = { count, resolve, reject };
      this.#serve();
    });
  }

  #serve() {
    const wanted = this.#wanted;
    if (wanted === undefined || this.#held.length < wanted.count) return;
    this.#wanted = undefined;
    const bytes = this.#held.subarray(0, wanted.count);
    this.#held = this.#held.subarray(wanted.count);
    wanted.resolve(bytes);
  }

  say(state) {
    this.socket.write(Buffer.of(state));
  }

  async json() {
    const length = (await this.take(4)).readUInt32BE();
    return JSON.parse(String(await this.take(length)));
  }

  sayJson(value) {
    const text = Buffer.from(JSON.stringify(value));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    this.socket.write(Buffer.concat([length, text]));
  }
}

let test;

async function serve(control) {
  control.say(PARAM_EXCHANGE);
  const { reverse = false, parallel = 1, len = 131072 } = await control.json();
  const streams = [];
  const all = new Promise((resolve) => {
    test.joined = (socket, bytes) => {
      streams.push({ socket, bytes });
      if (streams.length === parallel) resolve();
    };
  });
  control.say(CREATE_STREAMS);
  await all;
  control.say(TEST_START);
  control.say(TEST_RUNNING);
  const began = process.hrtime.bigint();
  const buffer = Buffer.alloc(len, 'inic');
  for (const stream of streams) {
    if (reverse) pour(stream, buffer);
    else stream.socket.on('data', (bytes) => (stream.bytes += bytes.length));
  }
  while ((await control.take(1))[0] !== TEST_END);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  test.over = true;
  // As iperf3 -s does: a client that waits for the rest of a block hears that there is none.
  for (const { socket } of streams) socket.end();
  control.say(EXCHANGE_RESULTS);
  const theirs = await control.json();
  control.sayJson({
    cpu_util_total: 0,
    cpu_util_user: 0,
    cpu_util_system: 0,
    sender_has_retransmits: reverse ? 0 : -1,
    streams: theirs.streams.map(({ id }, i) => ({
      id,
      bytes: streams[i].bytes,
      retransmits: -1,
      jitter: 0,
      errors: 0,
      packets: 0,
      start_time: 0,
      end_time: seconds,
    })),
  });
  control.say(DISPLAY_RESULTS);
  while ((await control.take(1))[0] !== IPERF_DONE);
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes, 0);
  const way = reverse ? 'sent' : 'received';
  console.log(`${way} ${((bytes * 8) / seconds / 1e9).toFixed(2)} Gbit/s in ${seconds.toFixed(1)} s`);
  for (const { socket } of streams) socket.destroy();
  control.socket.end();
}

function pour(stream, buffer) {
  const { socket } = stream;
  const more = () => {
    while (!test?.over && !socket.destroyed) {
      stream.bytes += buffer.length;
      if (!socket.write(buffer)) return;
    }
  };
  socket.on('drain', more);
  more();
}

net
  .createServer((socket) => {
    socket.on('error', () => {});
    socket.once('readable', () => {
      const cookie = socket.read(COOKIE_BYTES);
      if (cookie === null) return socket.destroy();
      if (test !== undefined && cookie.equals(test.cookie)) {
        test.joined(socket, 0);
        return;
      }
      test = { cookie };
      serve(new Control(socket))
        .catch(({ message }) => console.log(message))
        .finally(() => {
          test = undefined;
        });
    });
  })
  .listen(Number(process.argv[2] ?? 5201), () => console.log('listening'));
