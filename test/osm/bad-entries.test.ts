/** One bad entry of a reply is refused, and costs nothing of what stands beside it. */
import { describe, expect, it } from 'vitest';
import { FLAG_MULTIPLE } from '../../src/i2o/frame.ts';
import {
  RECEIVE_FLAG_DATAGRAM,
  RECEIVE_FLAG_LAST_IN_BUCKET,
  writeReceiveRecord,
  writeSocketReceivePostReply,
} from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { HANDLER_RECEIVE } from '../../src/osm/message/handlers.ts';
import { READABLE, SOCK_DGRAM, WRITABLE } from '../../src/socket/contract.ts';
import { POOLS, ScriptedCard } from './scripted-card.ts';

/** Records of a receive reply: bucket, socket, flags, length. */
function records(card: ScriptedCard, ...list: [number, number, number, number][]): void {
  card.reply((w, f) => {
    list.forEach(([bucket, socket, flags, length], i) => {
      writeReceiveRecord(w, f + 6 + i * 4, bucket, socket, 0, flags | RECEIVE_FLAG_LAST_IN_BUCKET, length, 0);
    });
    const count = list.length;
    writeSocketReceivePostReply(w, f, DEVICE_TID, HOST_TID, HANDLER_RECEIVE, 0, 0, count, 9, 6 + count * 4);
  });
  card.host.driver.poll();
}

describe('one bad entry of a reply', () => {
  it('that names a buffer not lent does not keep the others from coming home', () => {
    const card = new ScriptedCard({ immediateBytesMax: 0 });
    const socket = card.connect();
    for (let i = 0; i < 3; i++) card.sockets.send(socket, new Uint8Array(100), 0, 100);
    expect(card.host.transmit.inUse).toBe(3);
    card.contexts(0, 7, 0, -1, 1000, 1, 2);
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.counters['outboundRefused']).toBe(1);
    card.contexts(0);
    expect(card.host.transmit.available).toBe(POOLS.transmitBuffers);
  });

  it('that names a bucket not posted does not keep the others from being read', () => {
    const card = new ScriptedCard();
    const socket = card.connect();
    records(
      card,
      [0, socket, 0, 10],
      [0, socket, 0, 10],
      [99, socket, 0, 10],
      [1, socket, 0, 5000],
      [1, socket, 0, 7],
    );
    expect(card.counters['outboundRefused']).toBe(1);
    const bytes = new Uint8Array(100);
    expect(card.sockets.recv(socket, bytes, 0, 100)).toBe(17);
  });

  it('that is too short for a datagram, or is one on a stream, gives its bucket back', () => {
    const card = new ScriptedCard();
    const stream = card.connect();
    const socket = card.sockets.socket(SOCK_DGRAM);
    const before = card.host.receive.waiting;
    records(card, [0, socket, RECEIVE_FLAG_DATAGRAM, 7]);
    records(card, [1, stream, RECEIVE_FLAG_DATAGRAM, 9]);
    records(card, [2, socket, 0, 9]);
    expect(card.counters['outboundRefused']).toBe(3);
    expect(card.host.receive.waiting + card.host.receive.withCard).toBe(POOLS.receiveBuckets);
    expect(card.host.receive.waiting).toBeGreaterThanOrEqual(before);
    records(card, [3, socket, RECEIVE_FLAG_DATAGRAM, 8]);
    expect(card.sockets.readiness(socket)).toBe(READABLE | WRITABLE);
    expect(card.sockets.recv(socket, new Uint8Array(9), 0, 9)).toBe(0);
  });

  it('that claims more entries than its frame holds is not read at all', () => {
    const card = new ScriptedCard({ immediateBytesMax: 0 });
    const socket = card.connect();
    card.sockets.send(socket, new Uint8Array(9), 0, 9);
    const request = card.take().at(-1)!;
    card.reply((w, f) => {
      for (let i = 0; i < 32; i++) w[f + i] = 0;
      w[f] = 1 | (0xd0 << 8) | (6 << 16);
      w[f + 1] = request[1];
      w[f + 2] = request[2];
      w[f + 3] = 0x80000002;
      w[f + 6] = 0;
    });
    card.host.driver.poll();
    expect(card.host.transmit.inUse).toBe(1);
    expect(card.counters['outboundRefused']).toBe(1);
    expect(FLAG_MULTIPLE).toBe(0x10);
  });
});
