/** The assertions of a connection's queues and scoreboard, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { trips } from '../rules/trips.ts';
import { beside } from './tcp-table-bed.ts';

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
  trips('send queue: what is let go is queued', () => {
    const { queue, tcb } = queued();
    queue.discard(tcb);
    queue.letGo(tcb);
  });
  trips('send queue: what is pushed is queued', () => {
    const { queue, tcb } = queued();
    queue.discard(tcb);
    queue.push(tcb);
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
  trips('send queue: what is next of a record is at least a byte', () => {
    const { queue, tcb } = queued();
    queue.bytesOfRecord(tcb, 10);
  });
  trips(
    'send queue: as many records end in it as are counted',
    broken(({ tcb }) => {
      tcb.sends.records = 1;
    }),
  );
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
  trips('receive queue: what is moved is in its slot', () => {
    const { queue, tcb, first } = received();
    queue.length[first] = 0;
    queue.takeTo(tcb, new Uint8Array(10), 0, 10);
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

  trips('scoreboard: nothing is held or sent again behind what was sent', () => {
    const { board, tcb, recovery } = sacked();
    recovery.highRetransmitted = (tcb.sndMax + 1) | 0;
    board.endNotHeld(tcb, 10);
  });
  trips('scoreboard: no more is held below than is held', () => {
    const { board, tcb, recovery } = sacked();
    recovery.sackedBytes = 0;
    board.heldBelow(tcb, tcb.sndMax);
  });
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
