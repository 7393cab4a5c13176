/** SYN cookies (RFC 4987 §3.6), where scripts (`test/scenario/cookies`) cannot see or reach it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TCP_DEFER_ACCEPT_SECONDS } from '../../src/socket/options.ts';
import { SynCookies, stampOptions, stampWith } from '../../src/tcpip/tcp/syn-cookies.ts';
import { Random } from '../../src/time/random.ts';
import { LONG } from '../long.ts';
import { SYN, tcpFrame } from './frames.ts';
import { ADDRESS_A, ADDRESS_B, connected, pattern } from './harness.ts';
import { Script, type ScriptOptions } from './script.ts';

const MINUTE_MS = 60_000;
/** Of the flood. */
const SYNS = LONG ? 100_000 : 10_000;
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** A listener of backlog 1 whose SYN queue has no room any more. */
function flooded(options: ScriptOptions = {}) {
  const script = new Script(options);
  const listener = script.listener(80, 1);
  const begins = (port: number) => {
    const peer = script.peer({ port });
    peer.hostPort = 80;
    peer.sends({ flags: 'SYN', options: { mss: 1460 } });
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    return peer;
  };
  for (let i = 0; i < 16; i++) begins(40_000 + i);
  script.forgets();
  return { script, listener, begins };
}

describe('a cookie', () => {
  const cookies = new SynCookies(new Random(1));

  it('says the MSS, rounded down, to who has the key, in this minute and the next', () => {
    const place = fc.tuple(int32, int32, int32, int32);
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 65535 }), int32, fc.nat(119_999), (at, mss, ms, later) => {
        const [local, remote, ports, seq] = at;
        const cookie = cookies.make(local, remote, ports, seq, mss, ms);
        const size = [1460, 1440, 1300].find((one) => one <= mss) ?? 536;
        const rest = MINUTE_MS - ((ms >>> 0) % MINUTE_MS);
        // Where the clock of milliseconds wraps, its minutes do not go on: what was sent then is lost.
        if ((ms >>> 0) + later >= 2 ** 32) return;
        const said = cookies.mssOf(cookie, local, remote, ports, seq, (ms + later) | 0);
        expect(said).toBe(later < rest + MINUTE_MS ? size : 0);
      }),
    );
  });

  it('is of one place, one number and one stack', () => {
    const cookie = cookies.make(1, 2, 3, 4, 1460, 0);
    const other = new SynCookies(new Random(2));
    expect(other.mssOf(cookie, 1, 2, 3, 4, 0)).toBe(0);
    for (const [local, remote, ports, seq] of [
      [9, 2, 3, 4],
      [1, 9, 3, 4],
      [1, 2, 9, 4],
      [1, 2, 3, 9],
    ]) {
      expect(cookies.mssOf(cookie, local, remote, ports, seq, 0)).toBe(0);
    }
  });

  it('cannot be guessed: of a million numbers hardly one is taken', () => {
    const random = new Random(3);
    let taken = 0;
    for (let i = 0; i < 1_000_000; i++)
      taken += cookies.mssOf(random.nextInt32(), 1, 2, 3, 4, 0) === 0 ? 0 : 1;
    expect(taken).toBeLessThan(3);
  });

  it('has what a SYN offers in a timestamp that is never later, and hardly earlier', () => {
    fc.assert(
      fc.property(fc.nat(63), int32, (options, now) => {
        const stamp = stampWith(options, now);
        expect(stampOptions(stamp)).toBe(options);
        const early = (now - stamp) | 0;
        expect(early).toBeGreaterThanOrEqual(0);
        expect(early).toBeLessThan(64);
      }),
    );
  });
});

describe('a listener with as many half open as it may have', () => {
  it('answers with cookies, and the client that sends one back is connected', () => {
    const { script, listener, begins } = flooded();
    const client = begins(50_000);
    script.tells();
    client.sends({ ack: 1 });
    script.tells('acceptable 9');
    expect(listener.accepts()?.state).toBe('ESTABLISHED');
    const { tcpSyncookiesSent, tcpSyncookiesRecv, tcpSyncookiesFailed } = script.host.ledger.snapshot();
    expect([tcpSyncookiesSent, tcpSyncookiesRecv, tcpSyncookiesFailed]).toEqual([1, 1, 0]);
  });

  it('takes no number that is none, and answers it with a reset', () => {
    const { script, begins } = flooded();
    begins(50_000);
    const stranger = script.peer({ port: 50_001 });
    stranger.hostPort = 80;
    stranger.sends({ ack: 12_345 });
    stranger.expects({ flags: 'RST', seq: 12_345 });
    expect(script.counter('tcpSyncookiesFailed')).toBe(1);
  });

  it('looks for no cookie where none was sent, or none for two minutes', () => {
    const script = new Script();
    script.listener(80, 1);
    const stranger = script.peer({ port: 50_001 });
    stranger.hostPort = 80;
    stranger.sends({ ack: 12_345 });
    stranger.expects({ flags: 'RST', seq: 12_345 });
    expect(script.counter('tcpSyncookiesFailed')).toBe(0);
  });

  it('drops SYNs while its accept queue is full', () => {
    const { script, begins } = flooded();
    for (const port of [50_000, 50_001]) begins(port).sends({ ack: 1 });
    const late = script.peer({ port: 50_002 });
    late.hostPort = 80;
    late.sends({ flags: 'SYN' });
    late.expectsNothing();
    expect(script.counter('tcpListenOverflows')).toBe(1);
  });

  it('drops a cookie that finds its accept queue full, as Linux does, and takes it when there is room again', () => {
    const { script, listener, begins } = flooded();
    const late = [0, 5].map((length, i) => ({ length, peer: begins(50_002 + i) }));
    for (const port of [50_000, 50_001]) begins(port).sends({ ack: 1 });
    for (const { length, peer } of late) {
      peer.sends({ ack: 1, length });
      peer.expectsNothing();
    }
    expect(script.counter('tcpListenOverflows')).toBe(2);
    expect(script.counter('tcpOutRsts')).toBe(0);
    listener.accepts();
    listener.accepts();
    const [, { peer }] = late;
    peer.sends({ seq: 1, ack: 1, length: 5 });
    expect(listener.accepts()?.state).toBe('ESTABLISHED');
  });

  it('connects at once though it waits for data otherwise, as on Linux', () => {
    const { listener, begins } = flooded();
    listener.sets(TCP_DEFER_ACCEPT_SECONDS, 10);
    begins(50_000).sends({ ack: 1 });
    expect(listener.accepts()?.state).toBe('ESTABLISHED');
  });
});

it('a flood of SYNs costs no more than the SYN queue, and a true client gets through', () => {
  const opened = connected({ slots: 256, config: { connectionsMax: 256 } });
  const { world, a, b } = opened;
  const before = b.packets.available;
  // Whoever is answered does not hear it.
  world.filter = (_segment, _bytes, from) => from !== b;
  const frame = tcpFrame({
    source: ADDRESS_A,
    destination: ADDRESS_B,
    sourcePort: 1,
    destinationPort: 80,
    flags: SYN,
  });
  for (let i = 0; i < SYNS; i++) {
    const source = 0x0a000100 + (i % 60_000);
    if (i % 20 === 0) {
      const to = { source, destination: ADDRESS_B, sourcePort: 1024 + (i % 60_000), destinationPort: 80 };
      world.inject(b, tcpFrame({ ...to, flags: SYN, seq: Math.imul(i, 7919) }));
    } else {
      // The same frame from another port, whose checksum the device has found good.
      frame[34] = i >> 8;
      frame[35] = i;
      world.inject(b, frame, 1);
    }
    if (i % 256 === 0) b.stack.flush(world.nowUs);
  }
  expect(b.packets.available).toBe(before);
  expect(b.stack.tcpHalfOpenAt(ADDRESS_B, 80)).toBeLessThanOrEqual(128);
  expect(b.counter('tcpSyncookiesSent')).toBeGreaterThan(SYNS / 10);
  world.filter = () => true;
  const socket = a.stack.tcpOpen(77);
  a.stack.tcpConnect(socket, ADDRESS_B, 80, world.nowUs);
  world.run(10_000_000, () => a.connectedWith.get(77) === 0);
  expect(a.connectedWith.get(77)).toBe(0);
  expect(a.sendBytes(socket, pattern(1000))).toBe(0);
});
