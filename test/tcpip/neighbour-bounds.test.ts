/**
 * How many neighbours are remembered, for how long, and what may wait for one, by the settings that Linux calls
 * gc_thresh1 to 3, gc_stale_time and unres_qlen_bytes.
 */
import { describe, expect, it } from 'vitest';
import type { StackConfig } from '../../src/tcpip/config.ts';
import { ARP_REPLY, ARP_REQUEST } from '../../src/tcpip/header/arp.ts';
import { UdpSends } from '../../src/tcpip/udp/sends.ts';
import { trips } from '../rules/trips.ts';
import { Host } from './bed.ts';
import { arpFrame } from './frames.ts';
import { pattern } from './harness.ts';

const OWN = 0x0a000001;
const FIRST_PEER = 0x0a000100;
const SECOND = 1_000_000;

function bed(config: Partial<StackConfig> = {}) {
  const host = new Host({ config: { address: OWN, prefixLength: 16, ...config } });
  const neighbours = host.stack['neighbours'];
  const u = host.udp(7);
  const hear = (peer: number, operation = ARP_REQUEST) =>
    host.receive(arpFrame({ operation, sender: FIRST_PEER + peer, senderMac: peer + 1, target: OWN }));
  const want = (peer: number, bytes = 4) => {
    expect(host.sendTo(u, FIRST_PEER + peer, 9, pattern(bytes))).toBe(0);
    host.flush();
  };
  const stateOf = (peer: number) =>
    neighbours.list().find(({ address }) => address === FIRST_PEER + peer)?.state;
  return { host, neighbours, hear, want, stateOf };
}

const isArp = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 6;

describe('a neighbour that nothing is sent to', () => {
  const FEW = { neighboursMax: 64, neighbourReachableUs: SECOND, neighbourStaleUs: 60 * SECOND };

  it('is forgotten after gc_stale_time, and the next packet asks everybody anew', () => {
    const b = bed({ ...FEW, neighboursKept: 0 });
    b.hear(0);
    b.host.flush();
    b.host.ports[0].takeSent();
    b.host.pass(60 * SECOND - 1000);
    expect(b.stateOf(0)).toBe('STALE');
    b.host.pass(1000);
    expect(b.stateOf(0)).toBeUndefined();
    b.want(0);
    expect(b.host.ports[0].takeSent().map(isArp)).toEqual([true]);
    expect(b.stateOf(0)).toBe('INCOMPLETE');
    b.hear(0, ARP_REPLY);
    expect(b.stateOf(0)).toBe('REACHABLE');
  });

  it('is remembered for ever where there are no more than gc_thresh1', () => {
    const b = bed({ ...FEW, neighboursKept: 1 });
    b.hear(0);
    b.host.flush();
    b.host.ports[0].takeSent();
    b.host.pass(1000 * SECOND);
    expect(b.stateOf(0)).toBe('STALE');
    b.want(0);
    expect(b.host.ports[0].takeSent().map(isArp)).toEqual([false]);
  });

  it('is remembered for as long as something is sent to it, or confirms it, and one that failed is not', () => {
    const b = bed({ ...FEW, neighboursKept: 0, neighbourUnicastProbes: 255, neighbourDelayUs: 0x3fff_ffff });
    b.hear(0, ARP_REPLY);
    b.hear(1, ARP_REPLY);
    for (let i = 0; i < 4; i++) {
      b.host.pass(40 * SECOND);
      b.want(0);
      b.neighbours.confirm(b.neighbours.address.indexOf(FIRST_PEER + 1), FIRST_PEER + 1);
    }
    expect([0, 1].map(b.stateOf)).toEqual(['DELAY', 'STALE']);
    b.want(2);
    for (let i = 0; i < 5; i++) b.host.pass(SECOND);
    expect(b.stateOf(2)).toBeUndefined();
  });

  it('takes no timer: a stack whose neighbours are stale has none to wait for', () => {
    const b = bed({ ...FEW, neighboursKept: 0 });
    b.hear(0);
    b.host.flush();
    expect(b.host.stack.hasDeadline()).toBe(false);
  });
});

describe('a flood of neighbours', () => {
  const state = (b: ReturnType<typeof bed>) =>
    [...b.neighbours['state']].filter((one) => one !== 0).length - 2;

  it('from gc_thresh2 on takes places of those not heard of for 5 s, and not free ones', () => {
    const b = bed({ neighboursMax: 1024, neighboursSoftMax: 200, neighboursKept: 1024 });
    for (let i = 0; i < 200; i++) b.hear(i);
    expect(state(b)).toBe(200);
    b.host.pass(5 * SECOND);
    // A probe of eight places finds an old one for most, at a fifth of them full.
    for (let i = 200; i < 400; i++) b.hear(i);
    expect(state(b)).toBeLessThan(280);
    const fresh = bed({ neighboursMax: 1024, neighboursSoftMax: 200, neighboursKept: 1024 });
    for (let i = 0; i < 400; i++) fresh.hear(i);
    expect(state(fresh)).toBeGreaterThan(380);
  });

  it('spares in the same way whoever is being asked for', () => {
    const b = bed({ neighboursMax: 64, neighboursSoftMax: 0, neighboursKept: 0 });
    b.want(1000);
    for (let i = 0; i < 500; i++) b.hear(i);
    expect(b.stateOf(1000)).toBe('INCOMPLETE');
    expect(state(b)).toBeLessThanOrEqual(64);
  });
});

describe('datagrams that wait for a hardware address', () => {
  it('have so many bytes at most, and the oldest give way', () => {
    const b = bed({ neighbourQueueBytes: 3000 });
    for (let i = 0; i < 10; i++) b.want(0, 1000);
    b.want(1, 1000);
    expect(b.host.done).toHaveLength(7);
    b.host.ports[0].takeSent();
    b.hear(0, ARP_REPLY);
    b.host.flush();
    expect(b.host.counter('udpOutDatagrams')).toBe(3);
    expect(b.host.done).toHaveLength(10);
    b.hear(1, ARP_REPLY);
    b.host.flush();
    expect(b.host.done).toHaveLength(11);
  });

  it('are one at least, however long', () => {
    const b = bed({ neighbourQueueBytes: 0 });
    b.want(0, 1000);
    b.want(0, 1200);
    expect(b.host.done).toHaveLength(1);
    b.hear(0, ARP_REPLY);
    b.host.flush();
    expect(b.host.counter('udpOutDatagrams')).toBe(1);
  });
});

trips('neighbours: an entry that is forgotten was counted', () => {
  const b = bed({ neighboursKept: 0, neighbourStaleUs: SECOND });
  b.hear(0);
  b.host.pass(2 * SECOND);
  b.neighbours['isForgotten'] = () => true;
  b.neighbours['entryCount'] = 0;
  b.neighbours.knows(FIRST_PEER);
});

trips('neighbours: the entries in use are counted', () => {
  const b = bed();
  b.hear(0);
  b.neighbours['entryCount'] = 0;
  b.host.flush();
});

trips('UDP sends: the bytes that are put aside are counted', () => {
  const sends = new UdpSends(4, 1);
  const entry = sends.begin(0, 0, FIRST_PEER, OWN, FIRST_PEER, 0);
  sends.place(entry, 64, 100, -1);
  sends.queue(entry);
  sends.park(0);
  sends.parkedBytes = 0;
  sends.unpark(FIRST_PEER, false);
});
