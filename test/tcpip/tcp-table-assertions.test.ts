/** The assertions of TCP's tables of connections, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { Demux } from '../../src/tcpip/tcp/demux.ts';
import { PortHolders } from '../../src/tcpip/tcp/port-holders.ts';
import { PortTotals } from '../../src/tcpip/tcp/port-totals.ts';
import { ReadyRing } from '../../src/tcpip/tcp/ready-ring.ts';
import { TimeWaitTable } from '../../src/tcpip/tcp/time-wait.ts';
import { TimerHeap } from '../../src/tcpip/tcp/timer-heap.ts';
import { trips } from '../rules/trips.ts';
import { beside } from './tcp-table-bed.ts';

describe('the demultiplexer', () => {
  /** Two connections of four. */
  function filled() {
    const demux = new Demux(4, 1);
    demux.insert(1, 2, 3, 1);
    demux.insert(1, 2, 4, 2);
    demux.check(2);
    return demux;
  }

  trips('demultiplexer: what is inserted is a connection or a TIME-WAIT entry', () =>
    filled().insert(1, 2, 5, 0),
  );
  trips('demultiplexer: there is a place for each connection', () => {
    const demux = filled();
    for (let ports = 5; ports < 8; ports++) demux.insert(1, 2, ports, ports);
  });
  trips('demultiplexer: a connection is inserted once', () => filled().insert(1, 2, 3, 7));
  trips('demultiplexer: a connection is replaced by another value, not by none', () =>
    filled().replace(1, 2, 3, 0),
  );
  trips('demultiplexer: a connection to be replaced or removed is in the table', () =>
    filled().remove(1, 2, 9),
  );
  trips('demultiplexer: every entry is found from its own place', () => {
    const demux = filled();
    const table = demux['table'];
    const free = table.findIndex((value, at) => at % 4 === 3 && value === 0) - 3;
    table.set([1, 2, 3, 7], free);
    demux.check(3);
  });
  trips('demultiplexer: no more are in it than ever were', () => {
    const demux = filled();
    demux.inserted = 0;
    demux.check(1);
  });
  trips('demultiplexer: as many places are taken as are counted', () => {
    const demux = filled();
    demux['count'] = 3;
    demux.check(2);
  });
  trips('demultiplexer: it holds the hashed connections and TIME-WAIT, and no others', () =>
    filled().check(1),
  );
});

describe('the holders of ports', () => {
  const held = () => {
    const holders = new PortHolders(2);
    holders.add(80, 1, 0);
    return holders;
  };
  trips('port holders: what is held is a port', () => held().add(0, 1, 0));
  trips('port holders: who gives a port up held it, and in the same way', () => held().remove(80, 1, 1));
  trips('port holders: who gives a port up held it by its address', () => held().remove(80, 2, 0));
  trips('port holders: who holds a port holds it by an address', () => {
    const holders = held();
    holders.add(80, 2, 0);
    holders['totals'].count(holders['totals'].placeOf(80), 80, 3, -1, 0);
    holders.total();
  });
  trips('port holders: no more hold a port than there may be', () => {
    const holders = held();
    for (let i = 0; i < 2; i++) holders.add(80, 1, 0);
  });
  trips('port holders: who are told apart by address hold a port', () => held().setListener(81, 1, 1));
  trips('port holders: those who hold a port are told apart once', () => {
    const totals = held()['totals'];
    for (let i = 0; i < 2; i++) totals.setApart(totals.placeOf(80));
  });
  trips('port holders: a port has a place while somebody holds it', () => new PortTotals(2).portAt(0));
  trips('port holders: somebody may hold a port', () => new PortTotals(0));
  trips('port holders: who are told apart by address are some of all', () => {
    const holders = held();
    holders.setListener(80, 1, 5);
    holders['totals']['words'][holders['totals'].placeOf(81) * 4] = -1;
    holders.total();
  });
  trips('port holders: a place is filled again where another port may have it', () =>
    new PortTotals(5000)['fill'](80),
  );
  trips('port holders: a listener holds its port', () => held().setListener(80, 2, 1));
  trips('port holders: who is bound to a port holds it', () => held().bind(81, 1));
  trips('port holders: nobody is bound to a port that nobody holds', () => {
    const holders = held();
    holders.bind(80, 1);
    holders.remove(80, 1, 0);
  });
  trips('port holders: nobody listens at a port that nobody holds', () => {
    const holders = held();
    holders.setListener(80, 1, 5);
    holders.remove(80, 1, 0);
  });
});

describe('TIME-WAIT', () => {
  /** Two entries of three. */
  function filled() {
    const table = new TimeWaitTable(3);
    const first = table.take(0, 100);
    const second = table.take(10, 110);
    table.check();
    return { table, first, second };
  }
  const broken = (fault: (f: ReturnType<typeof filled>) => void) => () => {
    const f = filled();
    fault(f);
    f.table.check();
  };

  trips('TIME-WAIT: an entry is free for the connection that comes', () => {
    const { table } = filled();
    for (let i = 0; i < 2; i++) table.take(20, 120);
  });
  trips('TIME-WAIT: an entry that waits anew was waiting', () => new TimeWaitTable(2).renew(0, 100));
  trips('TIME-WAIT: an entry that ends was taken', () => new TimeWaitTable(2).release(0));
  trips(
    'TIME-WAIT: neighbours in the order of ending name each other',
    broken(({ table, second }) => {
      table['previous'][second] = -1;
    }),
  );
  trips(
    'TIME-WAIT: no entry ends before the one in front of it',
    broken(({ table, second }) => {
      table.until[second] = 99;
    }),
  );
  trips(
    'TIME-WAIT: as many entries are linked as are counted',
    broken(({ table }) => {
      table.count = 3;
    }),
  );
  trips(
    'TIME-WAIT: the newest entry is the last one linked',
    broken(({ table, first }) => {
      table['newest'] = first;
    }),
  );
  trips(
    'TIME-WAIT: each entry is free or waits',
    broken(({ table }) => {
      table['free'] = -1;
    }),
  );
  trips('demultiplexer: a lookup comes to an end', () => {
    const demux = new Demux(4, 1);
    demux['table'].fill(9);
    demux.probes(1, 2, 3);
  });
});

describe('the timer heap', () => {
  /** Two connections of three. */
  function filled() {
    const heap = new TimerHeap(3);
    heap.schedule(0, 100);
    heap.schedule(1, 200);
    heap.check();
    return heap;
  }

  trips('timer heap: it is told of a connection that there is', () => filled().schedule(3, 100));
  trips('timer heap: a connection has at most one entry', () => {
    const heap = filled();
    heap.schedule(2, 300);
    heap['placed'][0] = 0;
    heap.schedule(0, 100);
  });
  trips('timer heap: an entry is taken out only where there is one', () => new TimerHeap(3).pop());
  trips('timer heap: each entry is where its connection says', () => {
    const heap = filled();
    heap['places'][1] = 0;
    heap.check();
  });
  trips('timer heap: no entry is due before the one above it', () => {
    const heap = filled();
    heap['deadlines'][1] = 99;
    heap.check();
  });
  trips('timer heap: no connection has a place without an entry', () => {
    const heap = filled();
    heap['placed'][0] |= 4;
    heap.check();
  });
});

describe('what waits for the next flush', () => {
  const full = () => {
    const ring = new ReadyRing(4);
    for (let index = 0; index < 16; index++) ring.append(index);
    return ring;
  };
  trips('ready ring: a connection is appended only when it is not in it', () => full().append(0));
  trips('ready ring: a connection is put back only after it was taken out', () => full().prepend(0));
  trips('ready ring: a connection is taken out only where there is one', () => new ReadyRing(4).shift());

  trips('replies: a segment leaves by a port that there is', () => {
    const { tcp } = beside();
    tcp.routes.portFor = () => 1;
    tcp.replies.queue(1, 2, 3, 0, 0, 0, 0);
  });
  trips('replies: no more segments wait at a port than it has places', () => {
    const { tcp } = beside();
    tcp.replies['tail'][0] = 5000;
    tcp.replies.queue(1, 2, 3, 0, 0, 0, 0);
  });
  trips('replies: timestamps are for a segment that waits', () => beside().tcp.replies.addTimestamps(1, 2));
  trips('replies: a type of service is for a segment that waits', () =>
    beside().tcp.replies.setService(0, 64),
  );
  trips('replies: a segment that was sent was counted', () => {
    const { tcp, a } = beside();
    tcp.replies.queue(a.address, a.address, 3, 0, 0, 0, 0);
    tcp.replies['waiting'] = 0;
    tcp.replies.flush();
  });
});
