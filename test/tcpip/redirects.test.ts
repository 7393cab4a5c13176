/** ICMP redirects (RFC 1122 §3.2.2.2): whose are followed, where they lead, and for how long. */
import { describe, expect, it } from 'vitest';
import { Redirects } from '../../src/tcpip/redirects.ts';
import { redirected } from '../../src/tcpip/tcp/rerouted.ts';
import { trips } from '../rules/trips.ts';
import { ipv4Frame } from './frames.ts';
import { established } from './openings.ts';
import { listening } from './tcp-assertion-bed.ts';
import { sum16 } from './wire.ts';

const GATEWAY = 0x0a0000fe;
const OTHER = 0x0a0000fd;
const FAR = 0x0b000001;
const REDIRECT = 5;
const HOST = 1;
const MINUTE_US = 60_000_000;

/** A connection to a host beyond the gateway. */
function beyond(config: object = {}) {
  const opening = established({ peer: { address: FAR }, config: { gateway: GATEWAY, ...config } });
  const { script, peer, socket } = opening;
  const hop = () => script.host.stack['tcp'].tcbs[socket.c].nextHop;
  /** `from` says that `via` is the better way to `about`. */
  const says = (from: number, via: number, about: Uint8Array = peer.frameOfHost(1)) => {
    const body = new Uint8Array(8 + 28);
    const view = new DataView(body.buffer);
    view.setUint8(0, REDIRECT);
    view.setUint8(1, HOST);
    view.setInt32(4, via);
    body.set(about.subarray(14, 14 + 28), 8);
    view.setUint16(2, ~sum16(body, 0, body.length) & 0xffff);
    script.inject(ipv4Frame(from, script.host.address, 1, body));
    script.settle();
  };
  const counts = () => [script.counter('icmpInRedirects'), script.counter('icmpRedirectsTaken')];
  expect(hop()).toBe(GATEWAY);
  return { ...opening, hop, says, counts };
}

describe('a redirect', () => {
  it('of the gateway in use leads the connection by the other gateway', () => {
    const { peer, socket, hop, says, counts } = beyond();
    says(GATEWAY, OTHER);
    expect([hop(), counts()]).toEqual([OTHER, [1, 1]]);
    socket.sends(100);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 100 });
  });

  it.each([
    ['another host', OTHER, 0x0a0000fc],
    ['the host itself', FAR, OTHER],
    ['the gateway, to a host on another net', GATEWAY, 0x0c000001],
    ['the gateway, to itself', GATEWAY, GATEWAY],
    ['the gateway, to us', GATEWAY, 0x0a000001],
    ['the gateway, to everybody', GATEWAY, 0x0a0000ff],
  ])('of %s is not followed', (_name, from, via) => {
    const { hop, says, counts } = beyond();
    says(from, via);
    expect([hop(), counts()]).toEqual([GATEWAY, [1, 0]]);
  });

  it('is not followed where it is not wanted', () => {
    const { hop, says } = beyond({ acceptRedirects: false });
    says(GATEWAY, OTHER);
    expect(hop()).toBe(GATEWAY);
  });

  it('leads the next connection to the same host, for five minutes', () => {
    const { script, peer, says } = beyond();
    says(GATEWAY, OTHER);
    const next = () => {
      const socket = script.socket(7);
      socket.connects(peer.address, 99);
      const { nextHop } = script.host.stack['tcp'].tcbs[socket.c];
      socket.aborts();
      return nextHop;
    };
    expect(next()).toBe(OTHER);
    script.passes(5 * MINUTE_US);
    expect(next()).toBe(GATEWAY);
    peer.ignores();
  });

  it('is forgotten where the other gateway does not answer', () => {
    const { script, peer, socket, hop, says } = beyond();
    script.answersArp = false;
    says(GATEWAY, OTHER);
    socket.sends(100);
    expect(hop()).toBe(OTHER);
    script.passes(5_000_000);
    expect(hop()).toBe(GATEWAY);
    peer.ignores();
  });
});

describe('the table of redirects', () => {
  it('holds 64 hosts, and forgets the one that was said first', () => {
    const table = new Redirects();
    for (let i = 1; i <= 100; i++) table.put(i, OTHER, i);
    expect([table.count, table.find(36, 100), table.find(37, 100)]).toEqual([64, 0, OTHER]);
    table.put(50, GATEWAY, 101);
    expect([table.count, table.find(50, 101)]).toEqual([64, GATEWAY]);
    expect([table.forget(OTHER), table.count, table.forget(OTHER)]).toEqual([true, 1, false]);
    table.clear();
    expect(table.find(50, 101)).toBe(0);
  });

  trips('redirects: a host is reached by a gateway', () => new Redirects().put(1, 0, 0));
  trips('redirects: a gateway that does not answer has an address', () => new Redirects().forget(0));
  trips('redirects: the places that are taken are counted', () => {
    const table = new Redirects();
    table.put(1, OTHER, 0);
    table.count = 0;
    table.forget(OTHER);
  });
  trips('rerouted: a connection that is redirected lives', () => {
    const { tcp, listener } = listening();
    redirected(tcp, listener);
  });
});
