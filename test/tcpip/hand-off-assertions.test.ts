/** The assertions of hand-offs, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { RECOVERY_TIMEOUT } from '../../src/tcpip/tcp/control-block/recovery-state.ts';
import {
  ConnectionImage,
  type ImageRecord,
  ImageRefused,
  ImageWriter,
} from '../../src/tcpip/tcp/hand-off/connection-image.ts';
import { handOff, keep } from '../../src/tcpip/tcp/hand-off/hand-off.ts';
import { fieldPlace, IMAGE_FIELDS, setField } from '../../src/tcpip/tcp/hand-off/image-fields.ts';
import { heldRanges, restoreSent } from '../../src/tcpip/tcp/hand-off/sent-image.ts';
import { takeOver, takeOverRefusal } from '../../src/tcpip/tcp/hand-off/take-over.ts';
import { departTcb } from '../../src/tcpip/tcp/lifecycle.ts';
import { takeOverState } from '../../src/tcpip/tcp/set-state.ts';
import { ESTABLISHED } from '../../src/tcpip/tcp/state.ts';
import { trips } from '../rules/trips.ts';
import { World } from './harness.ts';
import { withData } from './tcp-assertion-bed.ts';
import { beside } from './tcp-table-bed.ts';

const NOTHING = {
  ...{ ranges: 0, late: 0, elements: 0, records: 0 },
  ...{ inOrderBytes: 0, lateBytes: 0, sendBytes: 0 },
};

/** A connection that has departed, with its image, and where its 100 bytes to be sent lie. */
function departed() {
  const f = withData();
  const { a } = f.world;
  const length = handOff(f.tcp, f.tcb, a.scratch, 1 << 16);
  const image = a.stack.tcpReadImage(a.scratch, length);
  a.stack.tcpClose(f.tcb.index, f.world.nowUs);
  const sends = [{ address: a.scratch + (1 << 16), length: 100, context: -1, more: false }];
  return { ...f, a, image, sends };
}

type Departed = ReturnType<typeof departed>;

/** Takes it over, after a fault has been done to what is taken over. */
const faulty = (fault: (f: Departed) => Partial<Departed> | undefined) => () => {
  const f = departed();
  const { tcp, image, sends } = { ...f, ...fault(f) };
  takeOver(tcp, image, 1, { sends });
};

describe('the image', () => {
  trips('image: a field that is asked for is one of those it holds', () => fieldPlace('sndOna'));
  trips('image: a word is of a field that there is', () => departed().image.wordAt(-1));
  trips('image: a word is an int32', () => {
    const shape = { ...NOTHING };
    new ImageWriter(withData().world.region.view, 1024, shape).word(0.5);
  });
  trips('image: nothing is held less than not at all', () => {
    const shape = { ...NOTHING, ranges: -1 };
    new ImageWriter(withData().world.region.view, 1024, shape);
  });
  trips('image: a refusal has a name', () => new ImageRefused(''));
  trips('image: a field is set from a word', () => {
    const { tcp, tcb } = beside();
    setField(tcp.environment, tcb, IMAGE_FIELDS[0], 0.5);
  });
  trips('image: it begins on a word', () => {
    const { tcp, tcb, world } = withData();
    handOff(tcp, tcb, world.a.scratch + 2, 1 << 16);
  });
  trips('hand-off: an image is as long as it says', () => {
    const { tcp, tcb, world } = withData();
    tcp.sendQueue.length[tcb.sends.head] = 0;
    tcp.sendQueue.queuedBytes = () => 100;
    handOff(tcp, tcb, world.a.scratch, 1 << 16);
  });
});

describe('a connection on its way', () => {
  trips('hand-off: a connection that is kept was on its way', () => {
    const { tcp, tcb } = withData();
    keep(tcp, tcb);
  });
  trips('hand-off: segments of a connection that is kept find it', () => {
    const { tcp, tcb } = beside();
    tcb.moving = 1;
    keep(tcp, tcb);
  });
  trips('connection: one that departs was on its way', () => {
    const { tcp, tcb } = withData();
    departTcb(tcp, tcb);
  });
  trips('departed: a connection has ports', () => departed().tcp.departed.add(1, 2, 0));
  trips('departed: a connection is forgotten once', () => {
    const { tcp } = departed();
    tcp.departed['drop'](0);
    tcp.departed['drop'](0);
  });
  trips('departed: no more connections are known than there is room for', () => {
    const { tcp } = departed();
    tcp.departed['count'] = 256;
    tcp.departed.add(1, 2, 3);
  });
});

describe('a connection that is taken over', () => {
  trips(
    'take-over: every byte that is to be sent has a place',
    faulty(() => ({ sends: [] })),
  );
  trips('take-over: what a connection needs is counted', () => {
    const { tcp, image } = departed();
    takeOverRefusal(tcp, image, -1, 0);
  });
  trips('take-over: a slot has room', () => {
    const { tcp, image } = departed();
    Object.assign(tcp.environment.packets, { slotBytes: 0 });
    takeOverRefusal(tcp, image, 1, 0);
  });
  trips(
    'take-over: the queue ends where the image says',
    faulty(({ tcp }) => {
      tcp.sendQueue.append = (tcb) => {
        tcb.sndEnd += 1;
      };
      return undefined;
    }),
  );
  trips(
    'take-over: nothing was acknowledged that was not sent',
    faulty(({ tcp }) => {
      tcp.sendQueue.seek = (tcb) => {
        tcb.sndUna = (tcb.sndMax + 1) | 0;
      };
      return undefined;
    }),
  );
  trips('state: only a new connection is another taken over', () => {
    const { tcp, tcb } = withData();
    takeOverState(tcp, tcb, ESTABLISHED);
  });
  /** The same with 10 bytes in order and 10 behind a hole. */
  const received = (fault: (f: Departed) => void) => () => {
    const f = departed();
    const image = { ...f.image, inOrderBytes: 10, late: [{ seq: f.tcb.rcvNxt + 20, length: 10 }] };
    const made = Object.assign(Object.create(Object.getPrototypeOf(f.image)), image) as typeof f.image;
    fault(f);
    takeOver(f.tcp, made, 1, { sends: f.sends });
  };
  trips(
    'take-over: what an image holds out of order overlaps with nothing',
    received(({ tcp }) => {
      tcp.receiveQueue.insertLate = () => false;
    }),
  );
  trips(
    'take-over: there were as many free slots as were counted',
    received(({ a }) => {
      a.packets.take = () => -1;
    }),
  );
  trips('take-over: every byte that is copied has its slot', () => {
    const { tcp, image, sends } = departed();
    let read = 0;
    // A piece whose length changes while it is copied.
    const piece = {
      address: 1024,
      get length() {
        return read++ < 3 ? 10 : 20;
      },
    };
    takeOver(tcp, image, 1, { sends, delivered: [piece] });
  });
});

describe('the scoreboard of a connection that moves', () => {
  trips('scoreboard: every range that is counted is gone over', () => {
    const { tcp, tcb } = beside();
    tcb.recovery.sackCount = 1;
    tcp.scoreboard.eachRange(tcb, () => {});
  });
  trips('scoreboard: a range that is restored is not acknowledged', () => {
    const { tcp, tcb } = beside();
    tcp.scoreboard.restore(tcb, tcb.sndUna - 10, tcb.sndUna + 10);
  });
});

describe('what was sent, in an image', () => {
  const made = (records: readonly ImageRecord[]) =>
    Object.assign(Object.create(ConnectionImage.prototype), { ranges: [], records }) as ConnectionImage;
  const record = (end: number) => ({ end, sentAgoUs: 0, segments: 1, flags: 0 });
  /** A connection that finds losses by time, with 10 bytes outstanding of which there is no record. */
  const byTime = () => {
    const world = new World({ slots: 64, config: { lossRecovery: 'rack' } });
    const { client } = world.connect();
    const tcp = world.a.stack['tcp'];
    const tcb = tcp.tcbs[client];
    tcb.sndMax = tcb.sndNxt = tcb.sndEnd = (tcb.sndUna + 10) | 0;
    return { tcp, tcb };
  };
  trips('sent image: there is room for so many ranges or more', () => {
    const { tcp, tcb } = byTime();
    heldRanges(tcp, tcb, -1);
  });
  trips('sent image: the records reach to what was sent last', () => {
    const { tcp, tcb } = byTime();
    restoreSent(tcp, tcb, made([record((tcb.sndUna + 1) | 0)]));
  });
  trips('sent image: of what is outstanding there is a record', () => {
    const { tcp, tcb } = byTime();
    tcp.sent.append = () => {};
    restoreSent(tcp, tcb, made([]));
  });
  trips('sent image: what is recovered anew is outstanding', () => {
    const { tcp, tcb } = withData();
    tcb.recovery.phase = RECOVERY_TIMEOUT;
    restoreSent(tcp, tcb, made([record(tcb.sndUna)]));
  });
  trips('recovery: a peer is asked about what is outstanding', () => {
    const { tcp, tcb } = withData();
    tcp.recovery.askPeer(tcb);
  });
});

describe("the stack's door", () => {
  trips('stack: an image goes where there is room', () => {
    const { world, tcb } = withData();
    world.a.stack.tcpHandOff(tcb.index, -4, 1 << 16, world.nowUs);
  });
  trips('stack: an image that is read lies in the region', () => {
    const { world } = withData();
    world.a.stack.tcpReadImage(0, -1);
  });
  trips('stack: a connection is taken over for a user with a number', () => {
    const { a, image, sends } = departed();
    a.stack.tcpTakeOver(image, -1, { sends }, 0);
  });
});
