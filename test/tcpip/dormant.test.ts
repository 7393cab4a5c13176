/** Connections that sleep: what changes meanwhile they heed when they wake, and nobody can tell that they slept. */
import { describe, expect, it } from 'vitest';
import { EADDRINUSE, ENETUNREACH } from '../../src/socket/errno.ts';
import { SO_ERROR, SO_KEEPALIVE, SO_REUSEADDR, TCP_KEEPIDLE_SECONDS } from '../../src/socket/options.ts';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/config.ts';
import { awakeInOrder } from '../../src/tcpip/tcp/awake.ts';
import { sleep, sleepAll } from '../../src/tcpip/tcp/dormant.ts';
import * as record from '../../src/tcpip/tcp/dormant-record.ts';
import * as rest from '../../src/tcpip/tcp/dormant-rest.ts';
import { DormantTable } from '../../src/tcpip/tcp/dormant-table.ts';
import { checkTables } from '../../src/tcpip/tcp/identities.ts';
import { heedNarrowed } from '../../src/tcpip/tcp/narrowed.ts';
import { abortOrphans } from '../../src/tcpip/tcp/orphans.ts';
import { NARROWED_MAX, PathNews } from '../../src/tcpip/tcp/path-news.ts';
import { RecentTcbs } from '../../src/tcpip/tcp/recent-tcbs.ts';
import { catchUp } from '../../src/tcpip/tcp/rerouted.ts';
import { CLOSE_WAIT, ESTABLISHED, FIN_WAIT_2 } from '../../src/tcpip/tcp/state.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { tellSleepers } from '../../src/tcpip/tcp/wake.ts';
import { trips } from '../rules/trips.ts';
import { connected, expectNothingLeft, pattern, World } from './harness.ts';

const SYN = 2;

/** A connection of which both ends sleep. */
function sleeping() {
  const ends = connected();
  for (const { stack } of [ends.a, ends.b]) expect(sleepAll(stack['tcp'])).toBe(1);
  return { ...ends, tcp: ends.a.stack['tcp'] };
}

/** Whether bytes go both ways over a connection. */
function expectCarries(
  { world, a, b }: { world: World; a: World['a']; b: World['b'] },
  c: number,
  s: number,
) {
  for (const [from, to, one, other] of [
    [a, b, c, s],
    [b, a, s, c],
  ] as const) {
    expect(from.sendBytes(one, pattern(3000))).toBe(0);
    expect(world.run(5_000_000, () => to.stack.tcpReadable(other) === 3000)).toBe(true);
    expect(to.takeAll(other)).toEqual(pattern(3000));
  }
}

describe('a connection that sleeps', () => {
  it('is woken by a segment and by a call, and carries bytes', () => {
    const f = sleeping();
    expect(f.tcp.tcbs[f.client]).toBe(f.tcp.asleep);
    expectCarries(f, f.client, f.server);
    expect(f.tcp.dormant.woken).toBe(1);
  });

  it('ends as any other, and nothing is left', () => {
    const { world, a, b, client, server, listener } = sleeping();
    a.stack.tcpClose(client, world.nowUs);
    world.run(1_000_000);
    b.stack.tcpClose(server, world.nowUs);
    b.stack.tcpClose(listener, world.nowUs);
    expectNothingLeft(world);
    for (const side of [a, b]) side.expectPoolsFull();
  });

  it('heeds an MTU that was changed meanwhile', () => {
    const { world, a, client } = sleeping();
    a.stack.ways.setMtu(0, 700, world.nowUs);
    expect(a.stack.tcpInfo(client)).toMatchObject({ pmtu: 700, snd_mss: 700 - 40 - 12 });
  });

  it('heeds a path that was found narrow meanwhile, and only its own', () => {
    const { world, a, b, client } = sleeping();
    a.stack.ways.narrowPath(b.address + 1, 600, world.nowUs);
    a.stack.ways.narrowPath(b.address, 900, world.nowUs);
    expect(a.stack.tcpInfo(client)).toMatchObject({ pmtu: 900, snd_mss: 900 - 40 - 12 });
  });

  it('hears of its path though more are found narrow than are remembered', () => {
    const { world, a, b, client, tcp } = sleeping();
    a.stack.ways.narrowPath(b.address, 900, world.nowUs);
    for (let i = 1; i < 3 * NARROWED_MAX; i++) a.stack.ways.narrowPath(b.address + i, 600, world.nowUs);
    sleepAll(tcp);
    expect(a.stack.tcpInfo(client).pmtu).toBe(900);
  });

  it('goes by another route, or hears that there is none', () => {
    const { world, a, b, client } = sleeping();
    const hop = a.address + 50;
    const route = { destination: b.address, prefixLength: 32, via: hop, port: 0 };
    expect(a.stack.ways.addRoute(route, world.nowUs)).toBe(0);
    expect(a.stack.tcpState(client)).toBe(ESTABLISHED);
    expect(a.stack['tcp'].tcbs[client].nextHop).toBe(hop);
  });

  it('heeds what was said of its path by the MTU that there was then, and when it was said', () => {
    const { world, a, b, client } = sleeping();
    const { stack } = a;
    stack.ways.setMtu(0, 900, world.nowUs);
    // No news for who sends no more anyway.
    stack.ways.narrowPath(b.address, 1000, world.nowUs);
    stack.ways.setMtu(0, 1400, world.nowUs);
    expect(stack.tcpInfo(client).pmtu).toBe(1400);
    sleepAll(stack['tcp']);
    stack.ways.narrowPath(b.address, 1000, world.nowUs);
    const saidMs = stack['tcp'].environment.nowMs;
    world.run(3_000_000);
    expect(stack.tcpInfo(client).pmtu).toBe(1000);
    expect(stack['tcp'].tcbs[client].pathMtuMs).toBe(saidMs);
  });

  it('remembers that it had no way for a while', () => {
    const world = new World({ config: { prefixLength: 32 } });
    const { a, b } = world;
    const route = (side: typeof a) => ({ destination: side.address, prefixLength: 32, via: 0, port: 0 });
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(one.stack.ways.addRoute(route(other), world.nowUs)).toBe(0);
    }
    world.listen(80);
    const c = a.stack.tcpOpen(1);
    expect(a.stack.tcpConnect(c, b.address, 80, world.nowUs)).toBe(0);
    world.run(1_000_000);
    expect(sleepAll(a.stack['tcp'])).toBe(1);
    expect(a.stack.ways.removeRoute(b.address, 32, world.nowUs)).toBe(0);
    sleepAll(a.stack['tcp']);
    expect(a.stack.ways.addRoute(route(b), world.nowUs)).toBe(0);
    expect(a.stack.tcpGetOption(c, SO_ERROR)).toBe(ENETUNREACH);
  });

  it('sleeps with one half closed, with nobody to own it, and its time for a FIN runs on', () => {
    const { world, a, b, client, server } = connected();
    const [tcp, peer] = [a.stack['tcp'], b.stack['tcp']];
    a.stack.tcpShutdown(client, 1, world.nowUs);
    world.run(1_000_000);
    expect([sleepAll(tcp), sleepAll(peer)]).toEqual([1, 1]);
    expect([a.stack.tcpState(client), b.stack.tcpState(server)]).toEqual([FIN_WAIT_2, CLOSE_WAIT]);
    expect(b.sendBytes(server, pattern(700))).toBe(0);
    world.run(1_000_000);
    expect(a.takeAll(client)).toEqual(pattern(700));
    world.run(1_000_000);
    a.stack.tcpClose(client, world.nowUs);
    world.run(1_000_000);
    expect(sleepAll(tcp)).toBe(1);
    expect(tcp.dormant.orphans).toBe(1);
    world.run(70_000_000);
    expect([tcp.dormant.count, tcp.dormant.orphans, tcp.inState[FIN_WAIT_2]]).toEqual([0, 0, 0]);
  });

  it('is ended with its stack where nobody owns it', () => {
    const { world, a, client } = connected();
    const tcp = a.stack['tcp'];
    a.stack.tcpShutdown(client, 1, world.nowUs);
    world.run(1_000_000);
    a.stack.tcpClose(client, world.nowUs);
    world.run(1_000_000);
    expect(sleepAll(tcp)).toBe(1);
    abortOrphans(tcp);
    expect([tcp.dormant.count, tcp.inState[FIN_WAIT_2]]).toEqual([0, 0]);
  });

  it('is kept alive: its timer wakes it', () => {
    const { world, a, client, tcp } = sleeping();
    a.stack.tcpSetOption(client, SO_KEEPALIVE, 1);
    a.stack.tcpSetOption(client, TCP_KEEPIDLE_SECONDS, 5);
    sleepAll(tcp);
    expect(tcp.tcbs[client]).toBe(tcp.asleep);
    world.captured.length = 0;
    world.run(6_000_000);
    // A probe of the one, and the other's answer.
    expect(world.captured).toHaveLength(2);
    expect(a.stack.tcpState(client)).toBe(ESTABLISHED);
  });

  it('holds the port that its user has bound it to', () => {
    const world = new World();
    const { a, b } = world;
    world.listen(80);
    const open = (reuse: number) => {
      const c = a.stack.tcpOpen(1);
      a.stack.tcpSetOption(c, SO_REUSEADDR, reuse);
      return c;
    };
    const first = open(1);
    expect(a.stack.tcpBind(first, 0, 5555)).toBe(0);
    expect(a.stack.tcpConnect(first, b.address, 80, world.nowUs)).toBe(0);
    world.run(1_000_000);
    expect(sleepAll(a.stack['tcp'])).toBe(1);
    expect(a.stack.tcpBind(open(0), 0, 5555)).toBe(EADDRINUSE);
    const second = open(1);
    expect(a.stack.tcpBind(second, 0, 5555)).toBe(0);
    expect(a.stack.tcpConnect(second, b.address, 80, world.nowUs)).not.toBe(0);
    expect(a.stack['tcp'].tcbs[first]).toBe(a.stack['tcp'].asleep);
    a.stack.tcpClose(first, world.nowUs);
    expect(a.stack.tcpLocalPort(second)).toBe(5555);
  });

  it('is one of more than there are Tcbs for', () => {
    const world = new World({ config: { activeConnections: 4, connectionsMax: 64 } });
    const { a, b } = world;
    const listener = world.listen(80);
    const pairs: [number, number][] = [];
    for (let owner = 1; owner <= 60; owner++) {
      const client = a.stack.tcpOpen(owner);
      expect(a.stack.tcpConnect(client, b.address, 80, world.nowUs)).toBe(0);
      expect(world.run(1_000_000, () => b.stack.tcpAcceptable(listener) > 0)).toBe(true);
      pairs.push([client, b.stack.tcpAccept(listener, 1000 + owner)]);
    }
    expect(a.stack['tcp'].made.length).toBeLessThanOrEqual(8);
    for (const [client, server] of pairs) expectCarries({ world, a, b }, client, server);
    for (const [client, server] of pairs) {
      a.stack.tcpClose(client, world.nowUs);
      b.stack.tcpClose(server, world.nowUs);
    }
    b.stack.tcpClose(listener, world.nowUs);
    expect(world.captured.filter(({ flags, from }) => flags === SYN && from === a)).toHaveLength(60);
    expectNothingLeft(world);
    for (const side of [a, b]) side.expectPoolsFull();
  });
});

describe('assertions', () => {
  const awake = () => {
    const f = connected();
    const tcp = f.a.stack['tcp'];
    return { ...f, tcp, tcb: tcp.tcbs[f.client] };
  };
  trips('dormant connection: it wakes in a Tcb of its own', () => {
    record.loadRecord(new Int32Array(record.RECORD_WORDS), 0, new Tcb(0));
  });
  trips('dormant connection: it has nothing to send', () => {
    const { tcb } = awake();
    tcb.totals.sendingAs = 1;
    rest.restOf(tcb, DEFAULT_STACK_CONFIG);
  });
  trips('dormant connection: one that wakes was written down', () => {
    new DormantTable(4, DEFAULT_STACK_CONFIG).load(1, awake().tcb);
  });
  trips('dormant connection: a Tcb that changes hands is in no ring', () => {
    const { a, client, tcp } = sleeping();
    (tcp.spares[tcp.spares.length - 1] as { ready: number }).ready = 1;
    a.stack.tcpState(client);
  });
  trips('dormant connection: one that falls asleep is idle', () => {
    const { a, client, tcp, tcb } = awake();
    a.sendBytes(client, pattern(9));
    sleep(tcp, tcb);
  });
  trips('dormant connection: what is looked at was written down', () =>
    new DormantTable(4, DEFAULT_STACK_CONFIG).word(0, 0),
  );
  trips('recent TCBs: what was counted is no negative number', () => new RecentTcbs(8).since(-1));
  trips('orphans: none is left that sleeps', () => {
    const { tcp } = sleeping();
    tcp.dormant.orphans = 1;
    abortOrphans(tcp);
  });
  trips('tables: who has a record in place of a Tcb is known to sleep', () => {
    const { tcp, client } = sleeping();
    tcp.dormant['sleeping'][client >> 5] = 0;
    checkTables(tcp);
  });
  const withTable = (change: (table: DormantTable) => void) => {
    const { tcp } = sleeping();
    change(tcp.dormant);
    checkTables(tcp);
  };
  trips('tables: those that sleep and that nobody owns are counted', () =>
    withTable((table) => (table.orphans = 1)),
  );
  trips('tables: those that sleep and search for an MTU are counted', () =>
    withTable((table) => (table.searching = 1)),
  );
  trips('tables: of who sleeps it is known, without its record, whether a timer runs', () =>
    withTable((table) => table['timed'].fill(-1)),
  );
  trips('tables: no more connections are awake than there may be', () => {
    const { tcp, tcb } = awake();
    for (let i = 0; i <= tcp.tcbs.length; i++) tcp.made.push(tcb);
    awakeInOrder(tcp, () => true);
  });
  trips('recent TCBs: one that is appended has a connection', () => new RecentTcbs(8).append(new Tcb(-1)));
  const words = new Int32Array(Math.max(record.RECORD_WORDS, rest.REST_WORDS));
  trips('dormant record: a sum of what there was is not negative', () => {
    const tcb = new Tcb(0);
    tcb.totals.bytesAcked = -1;
    rest.saveRest(words, 0, tcb);
  });
  trips('dormant record: what is a flag is 0 or 1', () => {
    const tcb = new Tcb(0);
    tcb.bound = 2;
    record.saveRecord(words, 0, tcb, 0);
  });
  const nowhere = Number.NaN;
  trips('dormant record: sequence numbers are written in their words', () =>
    record.saveSequence(words, nowhere, new Tcb(0)),
  );
  trips('dormant record: sequence numbers are read from their words', () =>
    record.loadSequence(words, nowhere, new Tcb(0)),
  );
  trips('dormant record: times are written in their words', () =>
    record.saveTimes(words, nowhere, new Tcb(0)),
  );
  trips('dormant record: times are read from their words', () =>
    record.loadTimes(words, nowhere, new Tcb(0)),
  );
  trips('dormant record: what was sent is written in its words', () =>
    record.saveSent(words, nowhere, new Tcb(0)),
  );
  trips('dormant record: what was sent is read from its words', () =>
    record.loadSent(words, nowhere, new Tcb(0)),
  );
  trips('dormant record: totals are written in their words', () =>
    record.saveTotals(words, nowhere, new Tcb(0)),
  );
  trips('dormant record: totals are read from their words', () =>
    record.loadTotals(words, nowhere, new Tcb(0)),
  );
  trips('dormant record: the path is written in its words', () => rest.savePath(words, nowhere, new Tcb(0)));
  trips('dormant record: the path is read from its words', () => rest.loadPath(words, nowhere, new Tcb(0)));
  trips('dormant record: options are written in their words', () =>
    rest.saveOptions(words, nowhere, new Tcb(0).options),
  );
  trips('dormant record: options are read from their words', () =>
    rest.loadOptions(words, nowhere, new Tcb(0).options),
  );
  trips('dormant record: what RACK knows is written in its words', () =>
    rest.saveRack(words, nowhere, new Tcb(0).rack),
  );
  trips('dormant record: what RACK knows is read from its words', () =>
    rest.loadRack(words, nowhere, new Tcb(0).rack),
  );
  trips('dormant record: congestion control is written in its words', () =>
    rest.saveCongestion(words, nowhere, new Tcb(0).congestion),
  );
  trips('dormant record: congestion control is read from its words', () =>
    rest.loadCongestion(words, nowhere, new Tcb(0).congestion),
  );
  trips('dormant record: sums are written in their words', () =>
    rest.saveSums(words, nowhere, new Tcb(0).totals),
  );
  trips('dormant record: sums are read from their words', () =>
    rest.loadSums(words, nowhere, new Tcb(0).totals),
  );
  trips('dormant connection: what is written lies in its record', () =>
    new DormantTable(4, DEFAULT_STACK_CONFIG).setWord(0, record.RECORD_WORDS, 1),
  );
  trips('path news: nobody knows more than was heard', () => new PathNews().concerns(1, 5));
  const narrowed = () => {
    const news = new PathNews();
    news.narrow(1, 600, 0);
    return news;
  };
  trips('path news: what was said of a path is heeded by the routes that there were', () =>
    narrowed().reroute(),
  );
  trips('path news: what was said of a path is heeded by the MTUs that there were', () =>
    narrowed().resize(),
  );
  trips('path news: there is room for one more', () => {
    const news = new PathNews();
    for (let i = 0; i <= NARROWED_MAX; i++) news.narrow(i, 600, 0);
  });
  trips('path news: one that is asked for is remembered', () => new PathNews().destinationOf(0));
  trips('rerouted: who has slept owes nothing', () => {
    const { a, client, tcp, tcb } = awake();
    a.sendBytes(client, pattern(9));
    catchUp(tcp, tcb, -1);
  });
  trips('path: what it carries is no negative number', () => {
    const { tcp, tcb } = awake();
    heedNarrowed(tcp, tcb, tcb.remoteAddress, -1, 0);
  });
  trips('tables: there are no more Tcbs than connections', () => awake().tcp.newTcb());
  trips('tables: a Tcb that is to spare has no connection', () => {
    const { a } = new World({ config: { activeConnections: 4 } });
    const tables = a.stack['tcp'];
    tables.spare(tables.tcbs[a.stack.tcpOpen(1)]);
  });
  trips('recent TCBs: one is taken out only where there is one', () => new RecentTcbs(8).shift());
  it('sleepers are told where there is nobody', () => {
    const { tcp } = awake();
    tellSleepers(tcp);
    expect(tcp.news.isFull).toBe(false);
  });
});
