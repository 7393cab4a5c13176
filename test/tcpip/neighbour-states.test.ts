/** The states of a neighbour, and what leads from one to another: as Linux has them (RFC 4861 §7.3.2). */
import { describe, expect, it } from 'vitest';
import { ARP_REPLY, ARP_REQUEST } from '../../src/tcpip/header/arp.ts';
import { Host, type HostOptions } from './bed.ts';
import { arpFrame } from './frames.ts';
import { pattern } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const PEER_MAC = 0x222222;
const SECOND = 1_000_000;

function bed(config: HostOptions['config'] = {}) {
  const host = new Host({ config: { address: OWN, ...config } });
  const u = host.udp(7);
  const neighbours = host.stack['neighbours'];
  return { host, u, neighbours };
}

/** Sends a datagram, so that its next hop's hardware address is wanted. */
const want = ({ host, u }: ReturnType<typeof bed>, address = PEER) => {
  expect(host.sendTo(u, address, 9, pattern(4))).toBe(0);
  host.flush();
};
const hear = (
  host: Host,
  operation: number,
  fields: { sender?: number; senderMac?: number; target?: number } = {},
) => host.receive(arpFrame({ operation, sender: PEER, senderMac: PEER_MAC, target: OWN, ...fields }));

const isArp = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 6;
const arps = (host: Host) => host.ports[0].takeSent().filter(isArp);
const wordAt = (frame: Uint8Array, at: number) => new DataView(frame.buffer).getInt32(at);
const destinationMac = (frame: Uint8Array) => wordAt(frame, 2);

describe('a neighbour', () => {
  /** The state of the only neighbour there is. */
  const stateOf = ({ neighbours }: ReturnType<typeof bed>) => neighbours.list().map(({ state }) => state);

  it('goes from state to state as Linux has them (RFC 4861 §7.3.2)', () => {
    const b = bed({ neighbourReachableUs: 10 * SECOND });
    expect(stateOf(b)).toEqual([]);
    want(b);
    expect(stateOf(b)).toEqual(['INCOMPLETE']);
    hear(b.host, ARP_REPLY);
    expect(stateOf(b)).toEqual(['REACHABLE']);
    // Between half and one and a half of the base.
    b.host.pass(5 * SECOND - 1000);
    expect(stateOf(b)).toEqual(['REACHABLE']);
    b.host.pass(10 * SECOND);
    expect(stateOf(b)).toEqual(['STALE']);
    b.host.flush();
    b.host.ports[0].takeSent();
    // What is sent goes at once.
    want(b);
    expect(b.host.ports[0].takeSent().map(isArp)).toEqual([false]);
    expect(stateOf(b)).toEqual(['DELAY']);
    b.host.pass(5 * SECOND - 1000);
    expect(arps(b.host)).toEqual([]);
    b.host.pass(1000);
    expect(stateOf(b)).toEqual(['PROBE']);
    const [probe, ...others] = arps(b.host);
    expect(others).toEqual([]);
    expect(destinationMac(probe)).toBe(PEER_MAC);
    expect([...probe.subarray(32, 38)]).toEqual([0, 0, 0, 0, 0, 0]);
    want(b);
    expect(b.host.ports[0].takeSent().map(isArp)).toEqual([false]);
    hear(b.host, ARP_REPLY);
    expect(stateOf(b)).toEqual(['REACHABLE']);
    expect(b.host.stack.hasDeadline()).toBe(false);
  });

  it('has failed when it does not answer three probes of its own, and is asked for by the next packet', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST);
    expect(stateOf(b)).toEqual(['STALE']);
    want(b);
    b.host.pass(5 * SECOND);
    for (let i = 0; i < 3; i++) b.host.pass(SECOND);
    const probes = arps(b.host).slice(1);
    expect(probes.map(destinationMac)).toEqual([PEER_MAC, PEER_MAC, PEER_MAC]);
    expect(stateOf(b)).toEqual(['FAILED']);
    expect(b.host.stack.hasDeadline()).toBe(false);
    want(b);
    expect(stateOf(b)).toEqual(['INCOMPLETE']);
    expect(destinationMac(arps(b.host)[0])).toBe(-1);
  });

  it.each([
    [{ neighbourUnicastProbes: 1 }, 1],
    [{ neighbourUnicastProbes: 5, neighbourRetransUs: 2 * SECOND }, 5],
    [{ neighbourUnicastProbes: 0 }, 0],
  ])('is probed as often as is set: %o', (config, probes) => {
    const b = bed(config);
    hear(b.host, ARP_REQUEST);
    b.host.flush();
    arps(b.host);
    want(b);
    for (let i = 0; i < 20; i++) b.host.pass(SECOND);
    expect(arps(b.host)).toHaveLength(probes);
    expect(stateOf(b)).toEqual(['FAILED']);
  });

  it('is reachable for as long as what is sent to it gets there', () => {
    const b = bed({ neighbourReachableUs: 2 * SECOND });
    hear(b.host, ARP_REQUEST);
    b.host.flush();
    arps(b.host);
    for (let i = 0; i < 60; i++) {
      want(b);
      b.neighbours.confirm(b.neighbours.resolve(PEER), PEER);
      b.host.pass(SECOND / 2);
    }
    expect(arps(b.host)).toEqual([]);
    // Another address's confirmation is none of its.
    b.host.pass(60 * SECOND);
    b.neighbours.confirm(b.neighbours.resolve(PEER), OWN);
    b.host.pass(6 * SECOND);
    expect(stateOf(b)).toEqual(['PROBE']);
  });

  it('stays reachable when it only says again where it is', () => {
    const b = bed();
    hear(b.host, ARP_REPLY);
    hear(b.host, ARP_REQUEST);
    expect(stateOf(b)).toEqual(['REACHABLE']);
    hear(b.host, ARP_REQUEST, { senderMac: 0x555 });
    expect(stateOf(b)).toEqual(['STALE']);
  });

  it('has its time begin anew with each answer', () => {
    const b = bed({ neighbourReachableUs: 8 * SECOND });
    hear(b.host, ARP_REPLY);
    for (let i = 0; i < 10; i++) {
      b.host.pass(3 * SECOND);
      expect(stateOf(b)).toEqual(['REACHABLE']);
      hear(b.host, ARP_REPLY);
    }
  });
});
