import { describe, expect, it } from 'vitest';
import { EACCES, EADDRINUSE, ECONNREFUSED, EDESTADDRREQ, EMSGSIZE } from '../../src/socket/errno.ts';
import { SO_BROADCAST, SO_ERROR } from '../../src/socket/options.ts';
import { SYN_SENT } from '../../src/tcpip/tcp/state.ts';
import { echoBody, ipv4Frame, tcpFrame, udpBody, udpFrame } from './frames.ts';
import { ADDRESS_A, ADDRESS_B, pattern, type Side, sum16, World, type WorldOptions } from './harness.ts';

/** Frames a side sends, as raw bytes, while the world runs. */
function watch(world: World, side: Side): Uint8Array[] {
  const frames: Uint8Array[] = [];
  world.filter = (_segment, bytes, from) => {
    if (from === side) frames.push(bytes.slice());
    return true;
  };
  return frames;
}

function udpPair(options: WorldOptions = {}) {
  const world = new World(options);
  const { a, b } = world;
  const u = a.stack.udpOpen(1);
  const v = b.stack.udpOpen(2);
  expect(b.stack.udpBind(v, 0, 53)).toBe(0);
  return { world, a, b, u, v };
}

/** Sends from scratch memory under a context of its own. */
function send(side: Side, u: number, port: number, data: Uint8Array, address = ADDRESS_B): number {
  const at = side.scratch + 200_000;
  side.world.region.bytes.set(data, at);
  side.pendingContexts.add(777);
  const errno = side.stack.udpSend(
    u,
    address,
    port,
    Int32Array.of(at),
    Int32Array.of(data.length),
    Int32Array.of(777),
    1,
    side.world.nowUs,
  );
  if (errno !== 0) side.pendingContexts.delete(777);
  return errno;
}

function take(side: Side, u: number, most = 70_000): Uint8Array {
  const n = side.stack.udpTake(u, side.scratch, most);
  return side.world.region.bytes.slice(side.scratch, side.scratch + n);
}

describe('RFC 768, RFC 1122 §4.1 UDP', () => {
  for (const checksumOffload of [true, false]) {
    for (const length of [0, 1, 101, 1472, 1473, 9001, 65507]) {
      const summer = checksumOffload ? 'device' : 'software';
      it(`carries ${length} bytes there and back, ${summer} checksums`, () => {
        const { world, a, b, u, v } = udpPair({ checksumOffload });
        const data = pattern(length);
        expect(send(a, u, 53, data)).toBe(0);
        world.run(10_000);
        expect(a.pendingContexts.size).toBe(0);
        expect(b.stack.udpReadable(v)).toBe(length);
        expect(take(b, v)).toEqual(data);
        expect(b.stack.udpSourceAddress(v)).toBe(ADDRESS_A);
        expect(b.stack.udpSourcePort(v)).toBe(a.stack.udpLocalPort(u));
        expect(send(b, v, a.stack.udpLocalPort(u), data, ADDRESS_A)).toBe(0);
        world.run(10_000);
        expect(take(a, u)).toEqual(data);
        a.expectSlotsHome();
        b.expectSlotsHome();
      });
    }
  }

  it('cuts what does not fit the reader, keeps datagrams apart, and stops at the buffer', () => {
    const { world, a, b, u, v } = udpPair({ config: { udpReceiveDatagrams: 3 } });
    for (const n of [10, 20, 30, 40]) {
      send(a, u, 53, pattern(n));
      world.run(100_000);
    }
    expect(take(b, v, 4)).toEqual(pattern(4));
    expect(take(b, v)).toEqual(pattern(20));
    expect(take(b, v)).toEqual(pattern(30));
    expect(b.stack.udpTake(v, b.scratch, 10)).toBe(-1);
    expect(b.counter('udpInErrors')).toBe(1);
    b.stack.udpClose(v);
    b.expectSlotsHome();
  });

  it('answers a closed port with an ICMP error, which a connected socket is told of', () => {
    const { world, a, b, u } = udpPair();
    expect(a.stack.udpConnect(u, ADDRESS_B, 99)).toBe(0);
    expect(send(a, u, 0, pattern(5), 0)).toBe(0);
    world.run(10_000);
    expect(b.counter('icmpOutDestUnreachs')).toBe(1);
    expect(a.readableCount.get(1)).toBe(1);
    expect(send(a, u, 0, pattern(5), 0)).toBe(ECONNREFUSED);
    expect(a.stack.udpGetOption(u, SO_ERROR)).toBe(0);
    b.expectSlotsHome();
  });

  it('hears only its peer once connected, drops bad checksums, accepts none', () => {
    const { world, b, v } = udpPair();
    b.stack.udpConnect(v, ADDRESS_A, 1000);
    world.inject(b, udpFrame(ADDRESS_A, ADDRESS_B, 1001, 53, pattern(5)));
    expect(b.stack.udpReadable(v)).toBe(-1);
    const bad = udpFrame(ADDRESS_A, ADDRESS_B, 1000, 53, pattern(5));
    bad[40] ^= 1;
    world.inject(b, bad);
    expect(b.stack.udpReadable(v)).toBe(-1);
    const none = udpFrame(ADDRESS_A, ADDRESS_B, 1000, 53, pattern(5));
    none[40] = 0;
    none[41] = 0;
    world.inject(b, none);
    expect(b.stack.udpReadable(v)).toBe(5);
  });

  it('says what it refuses', () => {
    const { a, u } = udpPair();
    expect(send(a, u, 53, new Uint8Array(65508))).toBe(EMSGSIZE);
    expect(send(a, u, 0, pattern(1), 0)).toBe(EDESTADDRREQ);
    expect(send(a, u, 53, pattern(1), 0x0a0000ff)).toBe(EACCES);
    a.stack.udpSetOption(u, SO_BROADCAST, 1);
    expect(send(a, u, 53, pattern(1), 0x0a0000ff)).toBe(0);
    const w = a.stack.udpOpen(3);
    expect(a.stack.udpBind(w, 0, a.stack.udpLocalPort(u))).toBe(EADDRINUSE);
  });

  it('waits for a hardware address, and gives the bytes back when there is none', () => {
    const { world, a, u } = udpPair();
    expect(a.stack.udpConnect(u, 0x0a000077, 53)).toBe(0);
    expect(send(a, u, 0, pattern(5), 0)).toBe(0);
    world.run(1_000_000);
    expect(a.pendingContexts.size).toBe(1);
    world.run(5_000_000);
    expect(a.pendingContexts.size).toBe(0);
    expect(send(a, u, 0, pattern(5), 0), 'no error of the one before').toBe(0);
  });
});

describe('RFC 792, RFC 1122 §3.2.2 ICMP', () => {
  for (const length of [0, 56, 1472, 1473, 8000]) {
    it(`answers an echo of ${length} bytes with the same bytes`, () => {
      const world = new World();
      const { b } = world;
      const body = echoBody(7, 9, pattern(length));
      const frames = watch(world, b);
      for (let offset = 0; offset < body.length; offset += 1480) {
        const more = offset + 1480 < body.length ? 0x2000 : 0;
        world.inject(
          b,
          ipv4Frame(ADDRESS_A, ADDRESS_B, 1, body.subarray(offset, offset + 1480), more | (offset >> 3), 5),
        );
      }
      world.run(10_000_000);
      const answers = frames.filter((f) => f[12] === 8 && f[13] === 0);
      const answer = Buffer.concat(answers.map((f) => f.subarray(34)));
      expect(answer.length).toBe(body.length);
      expect(sum16(answer, 0, answer.length)).toBe(0xffff);
      expect(answer[0]).toBe(0);
      expect(answer.subarray(4)).toEqual(Buffer.from(body.subarray(4)));
      b.expectSlotsHome();
    });
  }

  it('reassembles in any order, ignores duplicates, gives overlaps up, times out (RFC 1122 §3.3.2)', () => {
    const world = new World();
    const { b } = world;
    const v = b.stack.udpOpen(2);
    b.stack.udpBind(v, 0, 53);
    const body = udpBody(ADDRESS_A, ADDRESS_B, 1000, 53, pattern(100));
    const part = (from: number, to: number, id: number) =>
      ipv4Frame(
        ADDRESS_A,
        ADDRESS_B,
        17,
        body.subarray(from, to),
        (to < body.length ? 0x2000 : 0) | (from >> 3),
        id,
      );
    for (const [from, to] of [
      [80, 108],
      [0, 40],
      [0, 40],
      [40, 80],
    ] as const)
      world.inject(b, part(from, to, 1));
    expect(take(b, v)).toEqual(pattern(100));
    for (const [from, to] of [
      [0, 40],
      [32, 80],
      [80, 108],
    ] as const)
      world.inject(b, part(from, to, 2));
    expect(b.stack.udpReadable(v)).toBe(-1);
    const frames = watch(world, b);
    world.inject(b, part(0, 40, 3));
    world.run(40_000_000);
    b.expectSlotsHome();
    expect(b.counter('ipReasmFails')).toBe(3);
    const error = frames.find((f) => f[12] === 8 && f[13] === 0 && f[23] === 1)!;
    expect([error[34], error[35]]).toEqual([11, 1]);
  });

  it('bounds what fragments can hold', () => {
    const world = new World({ slots: 64 });
    for (let id = 0; id < 500; id++) {
      world.inject(world.b, ipv4Frame(ADDRESS_A, ADDRESS_B, 17, pattern(40), 0x2000 | (id % 7), id));
    }
    expect(world.b.packets.available).toBeGreaterThanOrEqual(64 - 8 - 1);
    world.run(60_000_000);
    world.b.expectSlotsHome();
  });

  it('hands errors on: hard ones end a connection in opening (RFC 5461), RFC 1191 lowers the MSS', () => {
    const world = new World();
    const { a, b } = world;
    const { client } = world.connect();
    const tcb = a.stack['tcp'].tcbs[client];
    world.filter = (segment) => segment === undefined;
    a.sendBytes(client, pattern(1000));
    world.run(100);
    const error = (code: number, mtu: number, seq: number, port: number, remotePort: number) => {
      const quoted = tcpFrame({
        source: ADDRESS_A,
        destination: ADDRESS_B,
        sourcePort: port,
        destinationPort: remotePort,
        seq,
      }).subarray(14, 42);
      const body = new Uint8Array(8 + quoted.length);
      body[0] = 3;
      body[1] = code;
      body[6] = mtu >> 8;
      body[7] = mtu & 255;
      body.set(quoted, 8);
      const sum = ~sum16(body, 0, body.length) & 0xffff;
      body[2] = sum >> 8;
      body[3] = sum & 255;
      world.inject(a, ipv4Frame(ADDRESS_B, ADDRESS_A, 1, body));
    };
    error(3, 0, tcb.sndUna, tcb.localPort, 80);
    expect(a.failedWith.size).toBe(0);
    error(4, 600, (tcb.sndUna + 5000) | 0, tcb.localPort, 80);
    expect(tcb.mss).toBe(1448);
    error(4, 600, tcb.sndUna, tcb.localPort, 80);
    expect(tcb.mss).toBe(548);
    const opening = a.stack.tcpOpen(2);
    a.stack.tcpConnect(opening, b.address, 99, world.nowUs);
    world.run(100);
    const embryo = a.stack['tcp'].tcbs[opening];
    error(1, 0, (embryo.iss + 1) | 0, embryo.localPort, 99);
    expect(embryo.state).toBe(SYN_SENT);
    error(3, 0, embryo.iss, embryo.localPort, 99);
    expect(a.connectedWith.get(2)).toBe(ECONNREFUSED);
  });
});

describe('RFC 1122 §3.2.1.3 and RFC 826: who may speak', () => {
  it('drops what is not for us, and sources that cannot be', () => {
    const world = new World();
    const { b } = world;
    const v = b.stack.udpOpen(2);
    b.stack.udpBind(v, 0, 53);
    for (const [source, destination] of [
      [ADDRESS_A, 0x0a000005],
      [0x7f000001, ADDRESS_B],
      [ADDRESS_A, 0x7f000001],
      [ADDRESS_B, ADDRESS_B],
      [-1, ADDRESS_B],
      [0xe0000001 | 0, ADDRESS_B],
    ] as const) {
      const frame = udpFrame(source, destination, 9, 53, pattern(3));
      new DataView(frame.buffer).setInt32(8, ADDRESS_A);
      world.inject(b, frame);
    }
    expect(b.stack.udpReadable(v)).toBe(-1);
    expect(b.counter('ipInAddrErrors')).toBe(6);
  });

  it('resolves once for many, answers requests, and asks again after the time-out', () => {
    const world = new World({ config: { neighbourReachableUs: 5_000_000 } });
    const { a, b } = world;
    const { client } = world.connect();
    expect(a.counter('arpRequestsSent')).toBe(1);
    expect(b.counter('arpRepliesSent')).toBe(1);
    expect(b.counter('arpRequestsSent')).toBe(0);
    world.run(6_000_000);
    a.sendBytes(client, pattern(10));
    world.run(1000);
    // TCP has shown that it is there, so that nothing asks; datagrams show nothing.
    world.run(10_000_000);
    expect(a.counter('arpRequestsSent')).toBe(1);
    const u = a.stack.udpOpen(8);
    send(a, u, 1, pattern(1));
    world.run(5_100_000);
    expect(a.counter('arpRequestsSent')).toBe(2);
  });
});
