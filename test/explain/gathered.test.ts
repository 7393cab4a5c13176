/** Small writes of a stream share a message with later ones: the way of each is that of its own message. */
import { expect, it } from 'vitest';
import { journeyOf } from '../../src/explain/journey.ts';
import { Observer } from '../../src/explain/observer.ts';
import { sentPieces } from '../../src/explain/sent-pieces.ts';
import { FLAG_MULTIPLE } from '../../src/i2o/frame.ts';
import { FRAME_WORDS } from '../../src/i2o/frame-size.ts';
import {
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_TRANSMIT,
  writeSglContext,
  writeSglImmediate,
  writeSglTransaction,
} from '../../src/i2o/list/sgl.ts';
import { SOCKET_SEND_SGL_WORD, writeSocketSend } from '../../src/i2o/socket.gen.ts';
import { measureTopology } from '../../src/sweep/measure.ts';
import { settingsOf, worldOf } from '../../src/sweep/plan.ts';
import { readTopology } from '../../src/world/topology.ts';
import { type Form, pairPlan } from './worlds.ts';

it.each<Form>([
  { workload: 'TCP_STREAM', connections: 1, size: 1 },
  { workload: 'TCP_STREAM', connections: 3, size: 97, vary: 'driver.batchSends=true' },
  { workload: 'TCP_MAERTS', connections: 2, size: 1448 },
])('each operation has its way found: %j', (form) => {
  const plan = pairPlan(form);
  const observer = new Observer({ fromNs: 0, toNs: Number.POSITIVE_INFINITY });
  measureTopology(readTopology(worldOf(plan, settingsOf(plan, 0))), plan, observer);
  const { ground, streams, operations } = observer;
  const gathered = ground.log.calls.filter(({ name, result, messages }) => {
    return name === 'send' && result > 0 && messages.length === 0;
  });
  expect(gathered.length).toBeGreaterThan(operations.length / 2);
  const astray = operations.filter((one) => journeyOf(ground, streams, one).astray > 0);
  expect(astray.map(({ number }) => number)).toEqual([]);
});

/** A frame with a SocketSend of the socket 0x50007. @param write puts its list, and says where that ends. */
function frameOf(write: (words: Int32Array, at: number) => number, flags = 0): Int32Array {
  const words = new Int32Array(FRAME_WORDS);
  const end = write(words, SOCKET_SEND_SGL_WORD);
  writeSocketSend(words, 0, 1, 2, 3, 0, 0x50007, 0, 0, 0, 0, end);
  words[0] |= flags << 8;
  return words;
}

it('a send is of one socket: immediate data, or buffers', () => {
  const short = frameOf((words, at) => writeSglImmediate(words, at, SGL_IMMEDIATE | SGL_LAST, 13, 4));
  expect(sentPieces(short, 0, 0x50007)).toEqual([{ socketId: 0x50007, bytes: 13 }]);
  const long = frameOf((words, at) => {
    const next = writeSglContext(words, at, SGL_TRANSMIT, 16_384, 1, 64);
    return writeSglContext(words, next, SGL_TRANSMIT | SGL_LAST, 7, 2, 128);
  });
  expect(sentPieces(long, 0, 0x50007)).toEqual([{ socketId: 0x50007, bytes: 16_391 }]);
});

it('a batch has a piece of each of its sockets, whose numbers have their high bits in the header', () => {
  const batch = frameOf((words, at) => {
    let next = writeSglTransaction(words, at, 0x11, 0);
    next = writeSglContext(words, next, SGL_TRANSMIT, 5, 1, 64);
    next = writeSglTransaction(words, next, 0x12, 0);
    return writeSglContext(words, next, SGL_TRANSMIT | SGL_LAST, 9, 2, 128);
  }, FLAG_MULTIPLE);
  expect(sentPieces(batch, 0, 0x50000)).toEqual([
    { socketId: 0x50011, bytes: 5 },
    { socketId: 0x50012, bytes: 9 },
  ]);
});
