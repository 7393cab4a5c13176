/** What the stack asks of its device: segmentation, pieces, checksums, and patience when the port is full. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TX_CHECKSUM, TX_RETRANSMIT, TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { established, type OpeningOptions } from './openings.ts';

const MSS = 1460;

/** A connection; nothing has been asked of the port yet. */
function quiet(options: OpeningOptions = {}) {
  const opening = established(options);
  const { requests } = opening.script.host;
  requests.length = 0;
  return { ...opening, requests };
}

describe('segmentation by the device', () => {
  it('is asked for whole segments in one request, the rest goes by itself', () => {
    const { script, peer, socket, requests } = quiet({ segmentBytesMax: 65_000 });
    const before = script.counter('tcpOutSegs');
    socket.sends(5 * MSS + 100);
    expect(requests).toEqual([
      { payloadBytes: 5 * MSS, flags: TX_CHECKSUM | TX_SEGMENT, segmentBytes: MSS, pieces: 1 },
      { payloadBytes: 100, flags: TX_CHECKSUM, segmentBytes: 0, pieces: 1 },
    ]);
    for (let i = 0; i < 5; i++) peer.expects({ flags: 'ACK', seq: 1 + i * MSS, length: MSS });
    peer.expects({ flags: 'PSH ACK', seq: 1 + 5 * MSS, length: 100 });
    expect(script.counter('tcpOutSegs') - before).toBe(6);
    expect(script.counter('tcpOutDataBytes')).toBe(5 * MSS + 100);
  });

  it('numbers the packets behind a cut one after all its segments', () => {
    const { peer, socket } = quiet({ segmentBytesMax: 65_000 });
    socket.sends(4 * MSS + 1);
    const ids = peer.inbox.map((segment) => segment.ipId);
    expect((ids[4] - ids[0]) & 0xffff).toBe(4);
  });

  it('is not asked for one segment', () => {
    const { socket, requests } = quiet({ segmentBytesMax: 65_000 });
    socket.sends(MSS);
    expect(requests).toEqual([{ payloadBytes: MSS, flags: TX_CHECKSUM, segmentBytes: 0, pieces: 1 }]);
  });

  it('is not asked for more than the device takes', () => {
    const { socket, requests } = quiet({ segmentBytesMax: 4000 });
    socket.sends(5 * MSS);
    expect(requests.map((request) => request.payloadBytes)).toEqual([2 * MSS, 2 * MSS, MSS]);
  });

  it('is not asked of a device that cannot', () => {
    const { socket, requests } = quiet();
    socket.sends(3 * MSS);
    expect(requests.map((request) => request.flags)).toEqual([TX_CHECKSUM, TX_CHECKSUM, TX_CHECKSUM]);
  });

  it('keeps to the windows', () => {
    const { peer, socket, requests } = quiet({ segmentBytesMax: 65_000, peer: { window: 3 * MSS + 5 } });
    socket.sends(10 * MSS);
    expect(requests.map((request) => request.payloadBytes)).toEqual([3 * MSS]);
    peer.acks(1 + 3 * MSS);
    expect(requests.map((request) => request.payloadBytes)).toEqual([3 * MSS, 3 * MSS]);
  });

  it('sets PSH and FIN on the last segment only', () => {
    const { peer, socket } = quiet({ segmentBytesMax: 65_000 });
    socket.queues(3 * MSS);
    socket.shutsDown();
    for (let i = 0; i < 2; i++) peer.expects({ flags: 'ACK', seq: 1 + i * MSS, length: MSS });
    peer.expects({ flags: 'PSH ACK', seq: 1 + 2 * MSS, length: MSS });
    peer.expects({ flags: 'FIN ACK', seq: 1 + 3 * MSS });
  });

  it('repeats timestamps in every segment', () => {
    const { peer, socket } = quiet({ segmentBytesMax: 65_000, peer: { timestamps: true } });
    socket.sends(3 * 1448);
    for (let i = 0; i < 2; i++) {
      peer.expects({ flags: 'ACK', seq: 1 + i * 1448, length: 1448, options: { ts: [0, peer.clock] } });
    }
  });

  it('marks what is sent again, and cuts it as well', () => {
    const { script, peer, socket, requests } = quiet({ segmentBytesMax: 65_000 });
    socket.sends(8 * MSS);
    requests.length = 0;
    script.passes(200_000);
    expect(requests).toEqual([
      { payloadBytes: MSS, flags: TX_CHECKSUM | TX_RETRANSMIT, segmentBytes: 0, pieces: 1 },
    ]);
    peer.acks(1 + MSS);
    expect(requests[1]).toEqual({
      payloadBytes: 2 * MSS,
      flags: TX_CHECKSUM | TX_RETRANSMIT | TX_SEGMENT,
      segmentBytes: MSS,
      pieces: 1,
    });
    expect(script.counter('tcpRetransSegs')).toBe(3);
    expect(script.counter('tcpRetransBytes')).toBe(3 * MSS);
  });

  it('never makes a packet longer than IPv4 can say', () => {
    const { peer, socket, requests } = quiet({ segmentBytesMax: 200_000, peer: { wscale: 8 } });
    let acked = 1;
    for (let i = 0; i < 8; i++) {
      socket.sends(100 * MSS);
      acked += socket.unacked;
      peer.acks(acked);
    }
    peer.ignores();
    for (const { payloadBytes } of requests) expect(payloadBytes + 40).toBeLessThanOrEqual(65_535);
    expect(Math.max(...requests.map((request) => request.payloadBytes))).toBeGreaterThan(10 * MSS);
  });
});

describe('pieces: bytes are given to the device where they lie', () => {
  it('puts many small sends into one segment, copied together where they are more than the pieces', () => {
    const { script, peer, socket, requests } = quiet({ piecesMax: 4 });
    for (let i = 0; i < 10; i++) socket.queues(10);
    socket.sends(0);
    expect(requests.map((request) => [request.payloadBytes, request.pieces])).toEqual([[100, 4]]);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 100 });
    expect(script.counter('cardGatherCopies')).toBe(7);
    expect(script.counter('cardGatherCopiesBytes')).toBe(70);
  });

  it('copies nothing where the last piece is the end of what is wanted, or lies in one send', () => {
    const { script, socket, requests } = quiet({ piecesMax: 4 });
    for (let i = 0; i < 3; i++) socket.queues(10);
    socket.sends(MSS);
    expect(requests.map((request) => [request.payloadBytes, request.pieces])).toEqual([
      [MSS, 4],
      [30, 1],
    ]);
    expect(script.counter('cardGatherCopies')).toBe(0);
  });

  it('puts them together again when the segment is sent again', () => {
    const { script, peer, socket, requests } = quiet({ piecesMax: 4 });
    for (let i = 0; i < 10; i++) socket.queues(10);
    socket.sends(0);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 100 });
    requests.length = 0;
    script.passes(socket.rtoUs);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 100 });
    expect(requests.map((request) => request.flags & TX_RETRANSMIT)).toEqual([TX_RETRANSMIT]);
    expect(script.counter('cardGatherCopies')).toBe(14);
  });

  it('cuts no segment short for want of pieces while more waits, whatever the sends are', () => {
    const size = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }) },
      { weight: 2, arbitrary: fc.integer({ min: 41, max: 3000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 3001, max: 65_536 }) },
    );
    const options = fc.record({
      piecesMax: fc.integer({ min: 1, max: 20 }),
      segmentBytesMax: fc.constantFrom(0, 4000, 65_000),
      checksumOffload: fc.boolean(),
    });
    fc.assert(
      fc.property(options, fc.array(size, { minLength: 1, maxLength: 400 }), (asked, sizes) => {
        const { checksumOffload } = asked;
        const segmentBytesMax = checksumOffload ? asked.segmentBytesMax : 0;
        const { script, peer, socket, requests } = quiet({ ...asked, segmentBytesMax });
        const total = sizes.reduce((sum, length) => sum + length, 0);
        for (const length of sizes) expect(socket.queues(length)).toBe(0);
        socket.sends(0);
        let seq = 1;
        for (let turns = 0; seq <= total; turns++) {
          expect(turns).toBeLessThan(10_000);
          for (const { payload } of peer.inbox) seq += payload.length;
          peer.ignores();
          peer.acks(seq);
        }
        const data = requests.filter(({ payloadBytes }) => payloadBytes > 0);
        const short = data.filter(({ payloadBytes }) => payloadBytes % MSS !== 0);
        expect(short.length).toBe(total % MSS === 0 ? 0 : 1);
        for (const { pieces } of data) expect(pieces).toBeLessThanOrEqual(asked.piecesMax);
        expect(data.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0)).toBe(total);
        expect(script.counter('bytesAcknowledged')).toBe(total);
      }),
      { numRuns: 60 },
    );
  });

  it('sends the same bytes when a packet may have one piece', () => {
    const { peer, socket, requests } = quiet({ piecesMax: 1 });
    socket.queues(1000);
    socket.queues(1000);
    socket.sends(1000);
    expect(requests.every((request) => request.pieces === 1)).toBe(true);
    let seq = 1;
    while (seq < 3001) {
      const { payload } = peer.inbox[0] ?? { payload: [] };
      expect(payload.length).toBeGreaterThan(0);
      peer.expects({ flags: 'PSH ACK', seq, length: payload.length });
      seq += payload.length;
      if (peer.inbox.length === 0) peer.acks(seq);
    }
  });

  it('begins and ends in the middle of a send', () => {
    const { peer, socket, requests } = quiet();
    socket.queues(1000);
    socket.queues(1000);
    socket.sends(920);
    expect(requests.map((request) => request.pieces)).toEqual([2, 2]);
    peer.expects({ flags: 'ACK', seq: 1, length: MSS });
    peer.expects({ flags: 'PSH ACK', seq: 1461, length: MSS });
  });
});

describe('checksums in software', () => {
  it('are right for pieces that begin and end at odd places', () => {
    const { peer, socket, requests } = quiet({ checksumOffload: false });
    for (const length of [1, 3, 7, 500, 1, 1, 999, 13]) socket.queues(length);
    socket.sends(0);
    expect(requests.every((request) => (request.flags & TX_CHECKSUM) === 0)).toBe(true);
    peer.expects({ flags: 'ACK', seq: 1, length: MSS });
    peer.expects({ flags: 'PSH ACK', seq: 1461, length: 65 });
  });

  it('are right for everything else: SYN, bare acknowledgement, reset', () => {
    const { peer, socket } = quiet({ checksumOffload: false, peer: { timestamps: true, sackOk: true } });
    peer.sends({ seq: 5, length: 3 });
    peer.expects({ ack: 1 });
    socket.aborts();
    peer.expects({ flags: 'RST ACK', ack: 1 });
    peer.sends({ seq: 9 });
    peer.takes();
  });
});

describe('a full port', () => {
  it('loses nothing: what it refused goes with the next flush', () => {
    const { script, peer, socket } = quiet({ portFrames: 2 });
    socket.sends(6 * MSS);
    peer.expectsSegments(2, MSS, 1);
    peer.expectsNothing();
    script.settle();
    peer.expectsSegments(2, MSS, 1 + 2 * MSS);
    script.settle();
    peer.expectsSegments(2, MSS, 1 + 4 * MSS);
    script.settle();
    peer.expectsNothing();
  });

  it('keeps resets and acknowledgements for later as well', () => {
    const { script, peer } = quiet({ portFrames: 1 });
    const strangers = [41_000, 41_001, 41_002].map((port) => script.peer({ port }));
    for (const stranger of strangers) {
      stranger.hostPort = 81;
      script.inject(stranger.frame({ flags: 'SYN' }));
    }
    script.inject(peer.frame({ flags: 'PSH ACK', length: 10 }));
    for (let i = 0; i < 5; i++) script.settle();
    for (const stranger of strangers) stranger.expects({ flags: 'RST ACK', ack: 1 });
    peer.expects({ ack: 11 });
  });

  it('serves connections in turn', () => {
    const { script, peer, socket } = quiet({ portFrames: 64, config: { initialWindowSegments: 10 } });
    const other = script.socket(2);
    const second = script.peer({ port: 81 });
    expect(other.connects(second.address, 81)).toBe(0);
    second.expects({ flags: 'SYN', seq: 0 });
    second.sends({ flags: 'SYN ACK', ack: 1, options: { mss: MSS } });
    second.expects({ seq: 1 });
    socket.queues(10 * MSS);
    other.queues(10 * MSS);
    script.settle();
    peer.expectsSegments(10, MSS, 1);
    second.expectsSegments(10, MSS, 1);
  });
});
