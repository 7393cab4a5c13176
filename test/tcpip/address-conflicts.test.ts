/** IPv4 address conflict detection (RFC 5227), by state: probed, in use, given up. */
import { describe, expect, it } from 'vitest';
import { EADDRNOTAVAIL } from '../../src/socket/errno.ts';
import {
  ADDRESS_DEFENDED,
  ADDRESS_FREE,
  ADDRESS_LOST,
  ADDRESS_TAKEN,
} from '../../src/tcpip/arp/address-conflicts.ts';
import { ARP_REPLY, ARP_REQUEST } from '../../src/tcpip/header/arp.ts';
import { sleepAll } from '../../src/tcpip/tcp/dormant.ts';
import { Host, type HostOptions, join, run } from './bed.ts';
import { arpFrame, udpFrame } from './frames.ts';
import { pattern } from './harness.ts';
import { arps, fourPorts, own } from './ports-bed.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const OTHER = 0x0a000003;
const OTHER_MAC = 0x333;
const SECOND = 1_000_000;

class Told extends Host {
  readonly outcomes: number[][] = [];
  addressSettled(port: number, outcome: number): void {
    this.outcomes.push([port, outcome]);
  }
}

const hostOf = (config: HostOptions['config'] = {}, options: HostOptions = {}) =>
  new Told({ ...options, config: { address: OWN, ...config } });
const probing = (config: HostOptions['config'] = {}) => hostOf({ addressProbes: 3, ...config });

const word = (frame: Uint8Array, at: number) => new DataView(frame.buffer).getInt32(at);
const senderOf = (frame: Uint8Array) => word(frame, 28);
const isProbe = (frame: Uint8Array) => frame[21] === 1 && senderOf(frame) === 0;
const isAnnouncement = (frame: Uint8Array) => frame[21] === 1 && senderOf(frame) === word(frame, 38);

/** Runs in small steps. @returns what went, with its time in milliseconds. */
function timeline(host: Host, us: number): { ms: number; frame: Uint8Array }[] {
  const seen: { ms: number; frame: Uint8Array }[] = [];
  for (let at = 0; at < us; at += 10_000) {
    host.pass(10_000);
    for (const frame of arps(host.ports[0].takeSent())) seen.push({ ms: (at + 10_000) / 1000, frame });
  }
  return seen;
}

/** Another station speaks for an address of ours. */
const speak = (host: Host, operation = ARP_REPLY, target = OTHER, port = 0) =>
  host.receive(arpFrame({ operation, sender: own(port), senderMac: OTHER_MAC, target }), port);
/** Another station probes it. */
const probe = (host: Host, senderMac = OTHER_MAC) =>
  host.receive(arpFrame({ operation: ARP_REQUEST, sender: 0, senderMac, target: OWN }));
const stateOf = (host: Host, port = 0) => host.stack.addressEntries()[port].state;

describe('an address that is probed (RFC 5227 §2.1)', () => {
  it('is asked for three times by requests of nobody, a second or two apart, after a second at most', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const host = probing({ seed });
      const probes = timeline(host, 10 * SECOND).filter(({ frame }) => isProbe(frame));
      expect(probes).toHaveLength(3);
      expect(probes[0].ms).toBeLessThanOrEqual(1010);
      for (let i = 1; i < 3; i++) {
        const apartMs = probes[i].ms - probes[i - 1].ms;
        expect(apartMs).toBeGreaterThanOrEqual(1000);
        expect(apartMs).toBeLessThanOrEqual(2010);
      }
      for (const { frame } of probes) {
        expect([...frame.subarray(0, 6)]).toEqual([255, 255, 255, 255, 255, 255]);
        expect([word(frame, 24), word(frame, 34) & 0xffff, word(frame, 38)]).toEqual([0x100, 0, OWN]);
      }
    }
  });

  it('is asked for at times that differ from host to host', () => {
    const firstOf = (seed: number) => timeline(probing({ seed }), 2 * SECOND)[0].ms;
    expect(new Set([1, 2, 3, 4, 5, 6].map(firstOf)).size).toBeGreaterThan(3);
  });

  it('is used two seconds after the last, and announced twice, two seconds apart (§2.3)', () => {
    const host = probing();
    const seen = timeline(host, 12 * SECOND);
    expect(
      seen.map(({ frame }) => (isProbe(frame) ? 'probe' : isAnnouncement(frame) ? 'announce' : 'other')),
    ).toEqual(['probe', 'probe', 'probe', 'announce', 'announce']);
    expect(seen[3].ms - seen[2].ms).toBe(2000);
    expect(seen[4].ms - seen[3].ms).toBe(2000);
    expect(stateOf(host)).toBe('in use');
    expect(host.outcomes).toEqual([[0, ADDRESS_FREE]]);
    expect([host.counter('arpProbesSent'), host.counter('arpAnnouncementsSent')]).toEqual([3, 2]);
    expect(host.stack.hasDeadline()).toBe(false);
  });

  it('is neither a source nor a destination before', () => {
    const host = probing();
    const c = host.stack.tcpOpen(1);
    expect(host.stack.tcpBind(c, OWN, 80)).toBe(EADDRNOTAVAIL);
    expect(host.stack.tcpConnect(c, PEER, 80, host.nowUs)).toBe(EADDRNOTAVAIL);
    const u = host.udp(7);
    expect(host.sendTo(u, PEER, 9, pattern(1))).toBe(EADDRNOTAVAIL);
    expect(host.stack.udpConnect(u, PEER, 9)).toBe(EADDRNOTAVAIL);
    host.receive(udpFrame(PEER, OWN, 9, 7, pattern(1)));
    expect(host.stack.udpReadable(u)).toBe(-1);
    host.receive(arpFrame({ operation: ARP_REQUEST, sender: PEER, senderMac: 0x222, target: OWN }));
    host.flush();
    expect(host.ports[0].takeSent()).toEqual([]);
    timeline(host, 8 * SECOND);
    expect(host.stack.tcpConnect(c, PEER, 80, host.nowUs)).toBe(0);
  });

  it('serves a program that only talks to itself meanwhile', () => {
    const host = probing();
    const u = host.udp(7, 0x7f000001);
    expect(host.sendTo(u, 0x7f000001, 7, pattern(5))).toBe(0);
    run([host], 1000);
    expect(host.takeFrom(u)).toEqual(pattern(5));
  });

  it.each([ARP_REQUEST, ARP_REPLY])(
    'is given up where somebody speaks for it (§2.1.1), operation %i',
    (operation) => {
      const host = probing();
      timeline(host, 2 * SECOND);
      speak(host, operation);
      expect(host.outcomes).toEqual([[0, ADDRESS_TAKEN]]);
      expect(timeline(host, 60 * SECOND)).toEqual([]);
      const [entry] = host.stack.addressEntries();
      expect(entry).toMatchObject({ state: 'given up', conflicts: 1, macHigh: 0x0200, macLow: OTHER_MAC });
      expect([host.counter('arpConflicts'), host.counter('addressesGivenUp')]).toEqual([1, 1]);
      expect(host.stack.hasDeadline()).toBe(false);
    },
  );

  it('is given up where somebody else probes it too (§2.1.1), and not for a probe of its own', () => {
    const host = probing();
    timeline(host, 2 * SECOND);
    probe(host, 0x100);
    expect(host.outcomes).toEqual([]);
    probe(host);
    expect(host.outcomes).toEqual([[0, ADDRESS_TAKEN]]);
  });

  it('waits for room at its port: only a probe that has gone counts', () => {
    const host = probing();
    host.ports[0].room = 0;
    expect(timeline(host, 30 * SECOND)).toEqual([]);
    expect(stateOf(host)).toBe('probed');
    host.ports[0].room = 9;
    expect(timeline(host, 12 * SECOND)).toHaveLength(5);
  });

  it('is tried again when the link comes up, and only once a minute after ten conflicts (§2.1.1)', () => {
    const host = probing();
    for (let i = 0; i < 10; i++) {
      host.stack.linkChanged(true, host.nowUs);
      expect(timeline(host, 1.5 * SECOND).length).toBeGreaterThan(0);
      speak(host);
    }
    host.stack.linkChanged(true, host.nowUs);
    expect(timeline(host, 59 * SECOND)).toEqual([]);
    expect(timeline(host, 10 * SECOND)).toHaveLength(5);
    expect(stateOf(host)).toBe('in use');
  });
});

describe('an address that is used at once, as Linux does', () => {
  it('is neither probed nor announced', () => {
    const host = hostOf();
    expect(timeline(host, 10 * SECOND)).toEqual([]);
    expect(stateOf(host)).toBe('in use');
  });

  it('is announced where arp_notify says so, and when its link comes up', () => {
    const host = hostOf({ arpNotify: true });
    expect(timeline(host, 5 * SECOND).filter(({ frame }) => isAnnouncement(frame))).toHaveLength(2);
    host.stack.linkChanged(true, host.nowUs);
    expect(timeline(host, 5 * SECOND).filter(({ frame }) => isAnnouncement(frame))).toHaveLength(2);
  });

  it('is answered for where somebody probes it (§2.1.1)', () => {
    const host = hostOf();
    probe(host);
    host.flush();
    const [reply] = arps(host.ports[0].takeSent());
    expect([reply[21], senderOf(reply), host.outcomes]).toEqual([ARP_REPLY, OWN, []]);
  });
});

describe('an address in use for which somebody else speaks (RFC 5227 §2.4)', () => {
  const announced = (host: Host) =>
    timeline(host, 10_000).filter(({ frame }) => isAnnouncement(frame)).length;

  it('is nobody’s business where it is a packet of its own that came back', () => {
    const host = hostOf();
    host.receive(arpFrame({ operation: ARP_REPLY, sender: OWN, senderMac: 0x100, target: OTHER }));
    expect([announced(host), host.counter('arpConflicts')]).toEqual([0, 0]);
  });

  it('is kept without a word where it is ignored, and the other one is answered, as by Linux', () => {
    const host = hostOf({ addressDefence: 'ignore' });
    speak(host, ARP_REQUEST, OWN);
    host.flush();
    const [reply] = arps(host.ports[0].takeSent());
    expect([reply[21], stateOf(host), host.outcomes, host.counter('arpConflicts')]).toEqual([
      2,
      'in use',
      [],
      1,
    ]);
  });

  it('is given up at once where it yields (a)', () => {
    const host = hostOf({ addressDefence: 'yield' });
    speak(host);
    expect([announced(host), stateOf(host), host.outcomes]).toEqual([0, 'given up', [[0, ADDRESS_LOST]]]);
  });

  it('is defended once in ten seconds, and given up at the next within them (b)', () => {
    const host = hostOf({ addressDefence: 'defend' });
    speak(host);
    expect(announced(host)).toBe(1);
    host.pass(11 * SECOND);
    speak(host);
    expect(announced(host)).toBe(1);
    host.pass(9 * SECOND);
    speak(host);
    expect([announced(host), stateOf(host)]).toEqual([0, 'given up']);
    expect(host.outcomes.map(([, outcome]) => outcome)).toEqual([
      ADDRESS_DEFENDED,
      ADDRESS_DEFENDED,
      ADDRESS_LOST,
    ]);
  });

  it('is kept, defended once in ten seconds, whatever comes (c), so that two such hosts do not storm', () => {
    const a = hostOf();
    const b = new Told({ ports: [{ macLow: 0x200 }], config: { address: OWN } });
    join(a.ports[0], b.ports[0]);
    speak(a);
    run([a, b], 60 * SECOND);
    for (const host of [a, b]) {
      expect(stateOf(host)).toBe('in use');
      expect(host.counter('arpAnnouncementsSent')).toBeLessThanOrEqual(7);
    }
    expect(a.outcomes.length).toBeLessThanOrEqual(7);
  });

  it('floods of such packets cost one announcement in ten seconds', () => {
    const host = hostOf();
    for (let i = 0; i < 2000; i++) {
      speak(host);
      host.pass(5000);
    }
    expect(host.counter('arpConflicts')).toBe(2000);
    expect(host.counter('arpAnnouncementsSent')).toBeLessThanOrEqual(2);
  });

  it('is another address than that of the other ports, which stay', () => {
    const { host } = fourPorts({ config: { addressDefence: 'yield' } });
    speak(host, ARP_REPLY, OTHER, 2);
    expect(host.stack.addressEntries().map(({ state }) => state)).toEqual([
      'in use',
      'in use',
      'given up',
      'in use',
    ]);
    const c = host.stack.tcpOpen(1);
    expect(host.stack.tcpBind(c, own(2), 80)).toBe(EADDRNOTAVAIL);
    expect(host.stack.tcpBind(c, own(1), 80)).toBe(0);
  });

  it('is not spoken for at a port where it is not', () => {
    const { host } = fourPorts({ config: { addressDefence: 'yield' } });
    host.receive(arpFrame({ operation: ARP_REPLY, sender: own(2), senderMac: OTHER_MAC, target: OTHER }), 1);
    expect(stateOf(host, 2)).toBe('in use');
  });
});

/** A host that has a connection, a connecting one, a listener and datagrams that wait; and its peer. */
function busy(config: HostOptions['config'] = {}, afterUs = 0) {
  const a = hostOf({ addressDefence: 'yield', ...config });
  const b = new Host({ ports: [{ macLow: 0x200 }], config: { address: PEER } });
  join(a.ports[0], b.ports[0]);
  const listener = b.listen(80);
  run([a, b], afterUs);
  const c = a.connect(PEER, 80);
  run([a, b], 100_000);
  const accepted = b.stack.tcpAccept(listener, 2);
  return { a, b, c, accepted };
}

describe('when an address is given up', () => {
  it('its connections are reset, and fail by name', () => {
    const { a, b, c, accepted } = busy();
    const opening = a.connect(OTHER, 80);
    const u = a.udp(7, OWN);
    expect(a.sendTo(u, OTHER, 9, pattern(1))).toBe(0);
    a.flush();
    a.told.length = 0;
    speak(a);
    run([a, b], 100_000);
    const tcp = a.stack['tcp'];
    expect([c, opening].map((index) => tcp.tcbs[index].error)).toEqual([EADDRNOTAVAIL, EADDRNOTAVAIL]);
    expect(a.told.filter((line) => line.endsWith(` ${EADDRNOTAVAIL}`))).toHaveLength(2);
    expect(b.stack['tcp'].tcbs[accepted].hashed).toBe(0);
    expect(a.counter('tcpOutRsts')).toBe(1);
    expect(a.stack.udpError(u)).toBe(EADDRNOTAVAIL);
    expect(a.done).toHaveLength(1);
  });

  it('nothing more is sent from it, and nothing taken for it', () => {
    const { a, b } = busy();
    const u = a.udp(7, OWN);
    speak(a);
    run([a, b], SECOND);
    a.ports[0].takeSent();
    expect(a.sendTo(u, PEER, 9, pattern(1))).toBe(EADDRNOTAVAIL);
    expect(a.sendTo(u, PEER, 9, pattern(1))).toBe(EADDRNOTAVAIL);
    a.receive(arpFrame({ operation: ARP_REQUEST, sender: PEER, senderMac: 0x200, target: OWN }));
    a.receive(udpFrame(PEER, OWN, 9, 7, pattern(1)));
    run([a, b], 60 * SECOND);
    expect(a.ports[0].takeSent()).toEqual([]);
  });

  it('connections that sleep are reset too', () => {
    const { a, b, c } = busy({ connectionsMax: 32, activeConnections: 4 });
    run([a, b], 10 * SECOND);
    expect(sleepAll(a.stack['tcp'])).toBeGreaterThan(0);
    speak(a);
    run([a, b], 100_000);
    expect(a.stack['tcp'].tcbs[c].error).toBe(EADDRNOTAVAIL);
    expect(a.counter('tcpOutRsts')).toBe(1);
  });

  it('connections from another address, and to this machine itself, stay', () => {
    const { host, all } = fourPorts({ config: { addressDefence: 'yield' } });
    const c = host.connect(0x0a000102, 80);
    run(all, 1000);
    speak(host, ARP_REPLY, OTHER, 2);
    expect(host.stack['tcp'].tcbs[c].error).not.toBe(EADDRNOTAVAIL);
  });
});

describe('when the link of a port with probes comes up again (RFC 5227 §2.1)', () => {
  it('connections wait until the address has been probed, and go on', () => {
    const { a, b, c, accepted } = busy({ addressProbes: 3 }, 12 * SECOND);
    a.stack.linkChanged(true, a.nowUs);
    a.sendOn(c, pattern(100));
    a.ports[0].takeSent();
    run([a, b], 4 * SECOND);
    const sent = a.ports[0].takeSent();
    expect(sent.length).toBeGreaterThan(0);
    for (const frame of sent) expect(isProbe(frame)).toBe(true);
    run([a, b], 20 * SECOND);
    expect(b.takeOn(accepted)).toEqual(pattern(100));
  });
});
