/** Routes and MTUs that change while connections stand. */
import { describe, expect, it } from 'vitest';
import { EINVAL, ENETUNREACH, ENOBUFS, ESRCH } from '../../src/socket/errno.ts';
import { ReplyQueue } from '../../src/tcpip/arp/reply-queue.ts';
import { Routes } from '../../src/tcpip/route.ts';
import { ROUTES_MAX, RouteTable } from '../../src/tcpip/route-table.ts';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/stack/stack.ts';
import { initialWindow } from '../../src/tcpip/tcp/path.ts';
import { ESTABLISHED } from '../../src/tcpip/tcp/state.ts';
import { trips } from '../rules/trips.ts';
import { type Host, run } from './bed.ts';
import { pattern } from './harness.ts';
import { fourPorts, OUTSIDE, own, peerOf } from './ports-bed.ts';

const HEADERS = 54;

/** A connection from the host to a service that is reached by way of several peers. */
function connected() {
  const bed = fourPorts({ config: { gateway: peerOf(0) } });
  const { host, peers, all } = bed;
  // The server is peer 1: it is reached at its own address, through its own wire or (told by hand) another.
  const listening = peers[1].listen(80);
  const c = host.connect(peerOf(1), 80);
  run(all);
  expect(host.stack.tcpState(c)).toBe(ESTABLISHED);
  const server = peers[1].stack.tcpAccept(listening, 5);
  return { ...bed, c, server };
}

const longest = (host: Host, port: number): number =>
  Math.max(0, ...host.ports[port].takeSent().map(({ length }) => length));

function routesOf(gateway = 0): Routes {
  const furtherPorts = [1, 2].map((port) => ({ address: own(port), prefixLength: 24 }));
  return new Routes({ ...DEFAULT_STACK_CONFIG, address: own(0), prefixLength: 24, furtherPorts, gateway });
}

describe('a route', () => {
  it('decides by its prefix, and before a subnet of the same length', () => {
    const routes = routesOf(peerOf(0));
    const ways = (): [number, number][] =>
      [OUTSIDE, peerOf(1)].map((to) => [routes.nextHop(to), routes.portFor(to)]);
    expect(ways()).toEqual([
      [peerOf(0), 0],
      [peerOf(1), 1],
    ]);
    routes.add(OUTSIDE, 16, peerOf(2), 2);
    routes.add(peerOf(1), 16, peerOf(2), 2);
    expect(ways()).toEqual([
      [peerOf(2), 2],
      [peerOf(1), 1],
    ]);
    routes.add(OUTSIDE, 32, peerOf(1), 1);
    routes.add(peerOf(1), 24, peerOf(0), 0);
    expect(ways()).toEqual([
      [peerOf(1), 1],
      [peerOf(0), 0],
    ]);
    expect([routes.remove(OUTSIDE, 32), routes.remove(OUTSIDE, 32), routes.remove(peerOf(1), 24)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(ways()).toEqual([
      [peerOf(2), 2],
      [peerOf(1), 1],
    ]);
    // Without its routes and its gateway, nothing leads there.
    expect([routes.remove(OUTSIDE, 16), routes.remove(0, 0), routes.nextHop(OUTSIDE)]).toEqual([
      true,
      true,
      0,
    ]);
  });

  it('is refused by an errno where it cannot be', () => {
    const { host } = fourPorts();
    const { ways } = host.stack;
    const add = (prefixLength: number, via: number, port: number, destination = OUTSIDE): number =>
      ways.addRoute({ destination, prefixLength, via, port }, host.nowUs);
    const wrong = [
      add(33, 0, 0),
      add(-1, 0, 0),
      add(24, 0, 9),
      add(24, -1, 0),
      add(24, own(1), 0),
      add(0, 0, 0),
    ];
    expect(wrong).toEqual(wrong.map(() => EINVAL));
    expect(ways.removeRoute(OUTSIDE, 24, host.nowUs)).toBe(ESRCH);
    expect(ways.removeRoute(OUTSIDE, 40, host.nowUs)).toBe(EINVAL);
    const added = Array.from({ length: ROUTES_MAX + 1 }, (_, i) => add(32, peerOf(1), 1, OUTSIDE + i));
    expect(added.slice(-2)).toEqual([0, ENOBUFS]);
  });
});

describe('what routes say of packets', () => {
  it('of one prefix the lowest metric is taken, and the next when it has gone', () => {
    const { host } = fourPorts({ config: { gateway: peerOf(0) } });
    const { ways } = host.stack;
    const routes = host.stack['routes'];
    const add = (metric: number, prefixLength: number, via: number, port: number) =>
      ways.addRoute({ destination: OUTSIDE, prefixLength, via, port, metric }, host.nowUs);
    const hop = () => routes.nextHop(OUTSIDE);
    expect([add(20, 24, peerOf(2), 2), add(10, 24, peerOf(1), 1), add(30, 24, peerOf(3), 3)]).toEqual([
      0, 0, 0,
    ]);
    expect(hop()).toBe(peerOf(1));
    // A longer prefix goes before, whatever its metric.
    expect(add(1000, 32, peerOf(3), 3)).toBe(0);
    expect(hop()).toBe(peerOf(3));
    expect(ways.removeRoute(OUTSIDE, 32, host.nowUs)).toBe(0);
    expect(ways.removeRoute(OUTSIDE, 24, host.nowUs)).toBe(0);
    expect(hop()).toBe(peerOf(2));
    expect(ways.removeRoute(OUTSIDE, 24, host.nowUs, 25)).toBe(ESRCH);
    expect(ways.removeRoute(OUTSIDE, 24, host.nowUs, 20)).toBe(0);
    expect(hop()).toBe(peerOf(3));
    expect(ways.removeRoute(OUTSIDE, 24, host.nowUs)).toBe(0);
    expect(hop()).toBe(peerOf(0));
  });

  it('the gateway and subnets have a metric of 0', () => {
    const { host } = fourPorts({ config: { gateway: peerOf(0) } });
    const routes = host.stack['routes'];
    routes.add(0, 0, peerOf(1), 1, { metric: 5 });
    routes.add(peerOf(2), 24, peerOf(3), 3, { metric: 5 });
    expect([routes.nextHop(OUTSIDE), routes.nextHop(peerOf(2))]).toEqual([peerOf(0), peerOf(2)]);
    expect(routes.remove(0, 0)).toBe(true);
    expect(routes.nextHop(OUTSIDE)).toBe(0);
  });

  it('refuses metrics out of their ranges', () => {
    const { host } = fourPorts();
    for (const bad of [
      { mtu: 67 },
      { advmss: 10 },
      { initcwnd: 1001 },
      { initrwnd: -1 },
      { rto_min: 0.5 },
      { metric: -2 },
    ]) {
      const route = { destination: OUTSIDE, prefixLength: 24, via: peerOf(1), port: 1, ...bad };
      expect([bad, host.stack.ways.addRoute(route, host.nowUs)]).toEqual([bad, EINVAL]);
    }
  });

  it('reach connections that stand, and those to come', () => {
    const { host, all, c } = connected();
    const route = { destination: peerOf(1), prefixLength: 32, via: 0, port: 1 };
    expect(host.stack.ways.addRoute({ ...route, mtu: 600, advmss: 400, initcwnd: 3 }, host.nowUs)).toBe(0);
    run(all);
    expect(host.stack.tcpInfo(c)).toMatchObject({ snd_mss: 600 - 40 - 12, pmtu: 600 });
    const next = host.connect(peerOf(1), 80);
    run(all);
    expect(host.stack.tcpInfo(next)).toMatchObject({ snd_mss: 600 - 40 - 12, advmss: 400 - 12, snd_cwnd: 3 });
  });
});

describe('a connection whose route changes', () => {
  it('sends its next segment by the new next hop and port', () => {
    const { host, peers, all, c, server } = connected();
    for (const port of host.ports) port.takeSent();
    const heard: string[] = [];
    host.stack.ways.listener = {
      routeChanged: ({ via, port }, added) => heard.push(`route ${via === peerOf(2)} ${port} ${added}`),
      mtuChanged: () => heard.push('mtu'),
      pathNarrowed: () => heard.push('path'),
    };
    const route = { destination: peerOf(1), prefixLength: 32, via: peerOf(2), port: 2 };
    expect(host.stack.ways.addRoute(route, host.nowUs)).toBe(0);
    host.sendOn(c, pattern(100));
    run(all);
    // It has gone to peer 2, which forwards nothing.
    expect(host.ports.map((port) => port.takeSent().some((frame) => frame.length > HEADERS))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(peers[1].takeOn(server)).toHaveLength(0);
    expect(host.stack.ways.removeRoute(peerOf(1), 32, host.nowUs)).toBe(0);
    for (let i = 0; i < 5; i++) {
      host.pass(400_000);
      run(all);
    }
    expect(peers[1].takeOn(server)).toHaveLength(100);
    expect(heard).toEqual(['route true 2 true', 'route false 0 false']);
  });

  it('waits where there is none any more, and goes on when there is', () => {
    const bed = fourPorts({ config: { gateway: peerOf(1) } });
    const { host, all } = bed;
    const c = host.connect(OUTSIDE, 80);
    run(all);
    expect(host.stack.ways.removeRoute(0, 0, host.nowUs)).toBe(0);
    for (const port of host.ports) port.takeSent();
    for (let i = 0; i < 4; i++) {
      host.pass(1_000_000);
      run(all);
    }
    expect(host.ports.map((port) => port.takeSent().length)).toEqual([0, 0, 0, 0]);
    const again = host.stack.tcpOpen(7);
    expect(host.stack.tcpConnect(again, OUTSIDE, 80, host.nowUs)).toBe(ENETUNREACH);
    host.stack.ways.addRoute({ destination: 0, prefixLength: 0, via: peerOf(3), port: 3 }, host.nowUs);
    run(all);
    host.pass(30_000_000);
    run(all);
    expect(host.ports[3].takeSent().length).toBeGreaterThan(1);
    host.stack.tcpClose(c, host.nowUs);
    host.stack.tcpClose(again, host.nowUs);
  });

  it('gives up a reset that has no way out', () => {
    const { host, c } = connected();
    host.stack.ways.addRoute({ destination: peerOf(1), prefixLength: 32, via: OUTSIDE, port: 1 }, host.nowUs);
    host.stack.tcpReset(c, host.nowUs);
    host.turn();
    // Nobody answers for that next hop: it is asked for, and given up.
    for (let i = 0; i < 5; i++) host.pass(1_000_000);
    expect(host.stack.tcpConnections).toBe(0);
  });
});

describe('an MTU that changes', () => {
  it('of a port: the next segments obey it, those sent again too, datagrams as well', () => {
    const { host, peers, all, c, server } = connected();
    host.ports[1].room = 2;
    host.sendOn(c, pattern(40_000));
    host.turn();
    expect(longest(host, 1)).toBe(1514);
    expect(host.stack.ways.setMtu(1, 600, host.nowUs)).toBe(0);
    expect(host.stack.ways.mtuOf(1)).toBe(600);
    // The segments that were sent are lost; what is sent again is cut anew.
    peers[1].ports[0].arrived = [];
    host.ports[1].room = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 10; i++) {
      host.pass(400_000);
      run(all);
    }
    host.sendTo(host.udp(7), peerOf(1), 9, pattern(3000));
    host.turn();
    expect(longest(host, 1)).toBeLessThanOrEqual(614);
    let got = 0;
    for (let length = 1; length > 0; got += length) length = peers[1].takeOn(server).length;
    expect(got).toBe(40_000);
  });

  it('is refused above what the device can, and below what IPv4 allows', () => {
    const { host } = fourPorts();
    const answers = [1501, 67, 68.5, 1500, 68].map((mtu) => host.stack.ways.setMtu(0, mtu, host.nowUs));
    expect(answers).toEqual([EINVAL, EINVAL, EINVAL, 0, 0]);
    expect(host.stack.ways.setMtu(9, 1000, host.nowUs)).toBe(EINVAL);
  });

  it('of a path, that somebody has been told of: every connection to that host obeys it', () => {
    const { host, all, c } = connected();
    host.ports[1].takeSent();
    host.stack.ways.narrowPath(peerOf(2), 700, host.nowUs);
    host.sendOn(c, pattern(5000));
    run(all);
    expect(longest(host, 1)).toBe(1514);
    host.stack.ways.narrowPath(peerOf(1), 700, host.nowUs);
    host.sendOn(c, pattern(5000));
    run(all);
    expect(longest(host, 1)).toBe(714);
  });
});

describe('assertions', () => {
  const away = { destination: peerOf(1), prefixLength: 32, via: peerOf(2), port: 2 };
  const replies = () => new ReplyQueue(1, 4);
  trips('arp replies: a reply leaves by a port that there is', () => replies().add(1, 1, 1, 1, 2));
  trips('arp replies: only a reply that waits is sent', () => replies().drop(0));
  trips('arp replies: the latest is asked for where one waits', () => replies().lastOf(0));
  trips('arp replies: there is room for one at least', () => new ReplyQueue(1, 0));
  trips('routes: an address moves between ports that have one', () => routesOf().moveAddress(0, 9));
  trips('ways: who an address has moved to answers for it', () => {
    const { host } = fourPorts();
    host.stack['routes'].speaksFor = () => false;
    host.stack.ways.moveAddress(0, 1, host.nowUs);
  });
  trips('routes: a route that is taken away was counted', () => {
    const table = new RouteTable();
    Object.assign(table, { placeOf: () => 0 });
    table.remove(0, 0);
  });
  trips('routes: of one prefix the lowest metric comes first', () => {
    const table = new RouteTable();
    table.put(0x0a000000, 8, 0, 0, { metric: 5 });
    table.put(0x0a000000, 8, 0, 0, { metric: 7 });
    table.metric[0] = 9;
    table.put(0x0a000000, 8, 0, 0, { metric: 7 });
  });
  trips('path: a connection begins with at least a segment', () => {
    const { host, c } = connected();
    const tcp = host.stack['tcp'];
    Object.assign(tcp.environment.config, { initialWindowSegments: 0 });
    initialWindow(tcp, tcp.tcbs[c]);
  });
  trips('routes: a route moves by one place', () => new RouteTable()['move'](0, 2));
  trips("datagram sender: its port is one of the stack's", () => {
    const { host } = fourPorts();
    Object.assign(host.stack['udp']['senders'][1], { portIndex: -1 });
    host.sendTo(host.udp(7), peerOf(1), 9, pattern(1));
    run([host]);
    return host.stack['udp']['senders'][1].isWhole;
  });
  trips('output: who has no next hop has no neighbour', () => {
    const { host, c } = connected();
    const tcb = host.stack['tcp'].tcbs[c];
    host.sendOn(c, pattern(9));
    tcb.nextHop = 0;
    host.flush();
  });
  trips('ways: a route that was added is found', () => {
    const { host } = fourPorts();
    host.stack['routes'].nextHop = () => 0;
    host.stack.ways.addRoute({ ...away, destination: OUTSIDE }, host.nowUs);
  });
  trips('ways: an MTU is asked of a port that there is', () => fourPorts().host.stack.ways.mtuOf(9));
  trips('ways: what a path carries is no negative number', () =>
    fourPorts().host.stack.ways.narrowPath(OUTSIDE, -1, 0),
  );
  trips('stack: a link changes at a port that there is', () =>
    fourPorts().host.stack.portLinkChanged(9, true, 0),
  );
  trips('rerouted: a segment holds a byte, whatever the MTU', () => {
    const { host, c } = connected();
    host.stack['tcp'].tcbs[c].options.segmentBytesMax = 0;
    Object.defineProperty(host.stack['tcp'].tcbs[c], 'mss', { get: () => 0, set: () => {} });
    host.stack.ways.setMtu(1, 600, host.nowUs);
  });
  trips('rerouted: who has no way waits for no neighbour', () => {
    const { host, c } = connected();
    const tcb = host.stack['tcp'].tcbs[c];
    Object.defineProperty(tcb, 'awaitsNeighbour', { get: () => 1, set: () => {} });
    host.stack['tcp'].routes.nextHop = () => 0;
    host.stack['tcp'].awaitingNeighbour = 2;
    host.stack.ways.removeRoute(0, 0, host.nowUs);
  });
  trips('routes: a route leads through a port with an address', () => routesOf().add(OUTSIDE, 24, 0, 7));
  trips('routes: a route is for a prefix, and nothing beyond it', () => new RouteTable().put(1, 24, 0, 0));
});
