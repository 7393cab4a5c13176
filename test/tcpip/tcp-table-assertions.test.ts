/** The assertions of TCP's tables and queues, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { Demux } from '../../src/tcpip/tcp/demux.ts';
import { PortCounts } from '../../src/tcpip/tcp/port-counts.ts';
import { ReadyRing } from '../../src/tcpip/tcp/ready-ring.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { TimeWaitTable } from '../../src/tcpip/tcp/time-wait.ts';
import { TimerHeap } from '../../src/tcpip/tcp/timer-heap.ts';
import { trips } from '../rules/trips.ts';
import { World } from './harness.ts';

/** A Tcb beside the tables of a stack, with 100 sequence numbers outstanding and a window of 1000. */
function beside() {
  const { a, region } = new World({ slots: 64 });
  const tcb = new Tcb(0);
  tcb.sndMax = 101;
  tcb.sndNxt = 101;
  tcb.sndUna = 1;
  tcb.sndEnd = 1;
  tcb.rcvNxt = 500;
  tcb.rcvAdv = 1500;
  return { a, view: region.view, tcb, tcp: a.stack['tcp'] };
}

describe('the send queue', () => {
  /** 100 bytes in two elements, all of them sent. */
  function queued() {
    const f = beside();
    const queue = f.tcp.sendQueue;
    for (let i = 0; i < 2; i++) queue.append(f.tcb, f.a.scratch, 50, -1, 0);
    queue.seek(f.tcb, 100);
    queue.check(f.tcb);
    return { ...f, queue };
  }
  const broken = (fault: (f: ReturnType<typeof queued>) => void) => () => {
    const f = queued();
    fault(f);
    f.queue.check(f.tcb);
  };

  trips('send queue: an element is free for what is appended', () => {
    const { queue, tcb, a } = queued();
    while (queue.available > 0) queue.append(tcb, a.scratch, 1, -1, 0);
    queue.append(tcb, a.scratch, 1, -1, 0);
  });
  trips('send queue: an element holds at least one byte', () => {
    const { queue, tcb, a } = queued();
    queue.append(tcb, a.scratch, 0, -1, 0);
  });
  trips('send queue: what is acknowledged is queued', () => {
    const { queue, tcb } = queued();
    queue.acknowledge(tcb, 101);
  });
  trips('send queue: an empty queue has no elements', () => {
    const { queue, tcb } = queued();
    tcb.sends.count = 3;
    queue.discard(tcb);
  });
  trips('send queue: the cursor is put no further than behind the FIN', () => {
    const { queue, tcb } = queued();
    queue.seek(tcb, 102);
  });
  trips('send queue: the bytes that are to be sent lie behind the cursor', () => {
    const { queue, tcb } = queued();
    queue.gather(tcb, 1);
  });
  /** 300 elements of 200 bytes, none of them sent: more than a packet has pieces for. */
  function many() {
    const f = beside();
    const queue = f.tcp.sendQueue;
    for (let i = 0; i < 400; i++) queue.append(f.tcb, f.a.scratch, 200, -1, 0);
    return { ...f, queue };
  }
  trips('send queue: what the last piece is to hold lies behind the cursor', () => {
    const { queue, tcb } = many();
    tcb.sends.cursor = -1;
    queue['gatherLast'](tcb, queue['ports'][0], 100, 0);
  });
  trips('send queue: what is copied together lies behind the cursor', () => {
    const { queue, tcb } = many();
    queue.seek(tcb, 400 * 200 - 250);
    queue['gatherLast'](tcb, queue['ports'][0], 300, 0);
  });
  trips('send queue: what is copied together fits its place', () => {
    const { queue, tcb } = many();
    queue['gatherLast'](tcb, queue['ports'][0], 65_537, 0);
  });
  trips('send queue: the cursor lies in its element', () => {
    const { queue, tcb } = many();
    tcb.sends.cursorOffset = 201;
    queue['pass'](tcb, 1);
  });
  trips(
    'send queue: as many elements are linked as are counted',
    broken(({ tcb }) => {
      tcb.sends.count = 3;
    }),
  );
  trips(
    'send queue: the tail is the last element linked',
    broken(({ tcb }) => {
      tcb.sends.tail = tcb.sends.head;
    }),
  );
  trips(
    'send queue: the first element has a byte that is not acknowledged',
    broken(({ tcb }) => {
      tcb.sends.headOffset = 50;
    }),
  );
  trips(
    'send queue: the elements hold the bytes from sndUna to sndEnd',
    broken(({ tcb }) => {
      tcb.sndEnd += 1;
    }),
  );
  trips(
    'send queue: the cursor lies at sndNxt',
    broken(({ queue, tcb }) => {
      queue.seek(tcb, 99);
    }),
  );
  trips('send queue: as many elements are free as are counted', () => {
    const { queue } = queued();
    queue.available += 1;
    queue.checkFree(2);
  });
  trips('send queue: each element is free or in one list', () => queued().queue.checkFree(1));
});

describe('the receive queue', () => {
  /** 10 bytes in order in one slot, and two late slots of 10 bytes with holes in front of them. */
  function received() {
    const f = beside();
    const { packets } = f.a;
    const queue = f.tcp.receiveQueue;
    const [first, second, third] = [packets.take(), packets.take(), packets.take()];
    queue.append(f.tcb, first, packets.addressOf(first), 10);
    queue.insertLate(f.tcb, second, 600, packets.addressOf(second), 10);
    queue.insertLate(f.tcb, third, 700, packets.addressOf(third), 10);
    queue.check(f.tcb);
    return { ...f, packets, queue, first, second, third };
  }
  const broken = (fault: (f: ReturnType<typeof received>) => void) => () => {
    const f = received();
    fault(f);
    f.queue.check(f.tcb);
  };

  trips('receive queue: a slot is kept for at least one byte in order', () => {
    const { queue, tcb, packets } = received();
    queue.append(tcb, packets.take(), 0, 0);
  });
  trips('receive queue: a slot is kept for at least one late byte', () => {
    const { queue, tcb, packets } = received();
    queue.insertLate(tcb, packets.take(), 800, 0, 0);
  });
  trips('receive queue: a slot is appended once', () => {
    const { queue, tcb, first } = received();
    queue.append(tcb, first, 0, 10);
  });
  trips('receive queue: no more is taken than was queued', () => {
    const { queue, tcb, a } = received();
    tcb.received.queuedBytes = 9;
    queue.take(tcb, a.scratch, 10);
  });
  trips('receive queue: late payload lies behind a hole', () => {
    const { queue, tcb, packets } = received();
    queue.insertLate(tcb, packets.take(), tcb.rcvNxt, 0, 10);
  });
  trips('receive queue: bytes that come twice are at least one', () => {
    const { queue, tcb, packets } = received();
    queue.insertLate(tcb, packets.take(), tcb.rcvNxt + 5, 0, 10);
    queue.length[tcb.received.lateHead] = 0;
    queue.insertLate(tcb, packets.take(), tcb.rcvNxt + 1, 0, 10);
  });
  trips('receive queue: no late slot is counted once all are dropped', () => {
    const { queue, tcb } = received();
    tcb.received.lateCount = 3;
    queue.dropLate(tcb);
  });
  trips('receive queue: a slot that is dropped was counted', () => {
    const { queue, tcb, a } = received();
    tcb.received.slotsHeld = 2;
    queue.take(tcb, a.scratch, 10);
  });
  trips(
    'receive queue: the tail is the last slot in order',
    broken(({ tcb }) => {
      tcb.received.tail = -1;
    }),
  );
  trips(
    'receive queue: the slots in order hold the bytes that are counted',
    broken(({ tcb }) => {
      tcb.received.queuedBytes = 11;
    }),
  );
  trips(
    'receive queue: as many slots are linked as are counted',
    broken(({ tcb }) => {
      tcb.received.slotsHeld = 4;
    }),
  );
  trips(
    'receive queue: late slots are sorted, without overlaps, and behind a hole',
    broken(({ queue, third }) => {
      queue.seq[third] = 605;
    }),
  );
  trips(
    'receive queue: the late tail is the last late slot',
    broken(({ tcb, second }) => {
      tcb.received.lateTail = second;
    }),
  );
  trips(
    'receive queue: as many late slots are linked as are counted',
    broken(({ tcb }) => {
      tcb.received.lateCount = 1;
    }),
  );
  trips(
    'receive queue: nothing is kept beyond the window offered',
    broken(({ tcb }) => {
      tcb.rcvAdv = 709;
    }),
  );
  trips('receive queue: a packet slot is in one list', () => {
    const { queue, tcb, packets } = received();
    const marks = new Uint8Array(packets.count);
    queue.check(tcb, marks);
    queue.check(tcb, marks);
  });
});

describe('the scoreboard', () => {
  /** The peer holds 20 to 30 and 50 to 60 of 1 to 101. */
  function sacked() {
    const f = beside();
    const board = f.tcp.scoreboard;
    const { segment } = f.tcp;
    segment.sackAt = f.a.scratch;
    segment.sackBlocks = 2;
    [20, 30, 50, 60].forEach((seq, i) => {
      f.view.setInt32(f.a.scratch + i * 4, seq);
    });
    board.update(f.tcb, segment);
    board.check(f.tcb);
    return { ...f, board, recovery: f.tcb.recovery };
  }
  const broken = (fault: (f: ReturnType<typeof sacked>) => void) => () => {
    const f = sacked();
    fault(f);
    f.board.check(f.tcb);
  };

  trips('scoreboard: a block that is taken was checked', () => {
    const { board, tcb } = sacked();
    board['add'](tcb, 90, 80);
  });
  trips('scoreboard: no byte is counted once every range is forgotten', () => {
    const { board, tcb, recovery } = sacked();
    recovery.sackedBytes += 1;
    board.clear(tcb);
  });
  trips('scoreboard: the ranges hold the bytes that are counted', () => {
    const { board, tcb, recovery } = sacked();
    recovery.sackedBytes += 1;
    board.pipe(tcb, false);
  });
  trips(
    'scoreboard: a range holds at least one byte',
    broken(({ board, recovery }) => {
      board['end'][recovery.sackHead] = 20;
    }),
  );
  trips(
    'scoreboard: ranges are sorted, do not touch, and lie above sndUna',
    broken(({ board, recovery }) => {
      board['end'][recovery.sackHead] = 50;
    }),
  );
  trips(
    'scoreboard: the peer holds nothing that was not sent',
    broken(({ tcb }) => {
      tcb.sndMax = 59;
    }),
  );
  trips(
    'scoreboard: as many ranges are linked as are counted',
    broken(({ recovery }) => {
      recovery.sackCount = 3;
    }),
  );
  trips(
    'scoreboard: the ranges together are as long as is counted',
    broken(({ recovery }) => {
      recovery.sackedBytes += 1;
    }),
  );
  trips('scoreboard: each range is free or in one list', () => sacked().board.checkFree(1));
  trips('scoreboard: a range that is dropped was counted', () => {
    const { board, tcb, recovery } = sacked();
    recovery.sackCount = 1;
    board.clear(tcb);
  });
});

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
  trips('demultiplexer: as many places are taken as are counted', () => {
    const demux = filled();
    demux['count'] = 3;
    demux.check(2);
  });
  trips('demultiplexer: each entry is counted for its local port', () => {
    const demux = filled();
    demux.portUsers.add(5);
    demux.check(2);
  });
  trips('demultiplexer: it holds the hashed connections and TIME-WAIT, and no others', () =>
    filled().check(1),
  );
  trips('port counts: a connection that leaves a port was counted for it', () =>
    new PortCounts(4).remove(80),
  );
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
    heap['places'][0] = -1;
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
    heap['places'][2] = 0;
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
  trips('replies: a segment that was sent was counted', () => {
    const { tcp, a } = beside();
    tcp.replies.queue(a.address, a.address, 3, 0, 0, 0, 0);
    tcp.replies['waiting'] = 0;
    tcp.replies.flush();
  });
});
