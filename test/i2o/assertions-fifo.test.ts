/** The assertions of the FIFOs and their four ends, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { allocateRegion } from '../../src/dma/region.ts';
import { FifoHead, FifoTail } from '../../src/i2o/queues/fifo/fifo.ts';
import {
  checkUnitLayout,
  INBOUND_FREE,
  OUTBOUND_FREE,
  queueWord,
} from '../../src/i2o/queues/fifo/fifo-layout.ts';
import { CARDS, countOwned, HOSTS, PUSHED } from '../../src/i2o/queues/fifo/frame-owners.ts';
import { checkFrameShift, FrameWindow } from '../../src/i2o/queues/fifo/mfa.ts';
import { fifoLayout } from '../../src/i2o/queues/queues.ts';
import { trips } from '../rules/trips.ts';
import { Fifos } from './fifo-bed.ts';

const ENTRIES = 64;
const SIZE = 4;
const HEAD = 0;
const TAIL = 128;

function ends(): { head: FifoHead; tail: FifoTail } {
  const region = allocateRegion(4096);
  return {
    head: new FifoHead(region, ENTRIES, SIZE, HEAD, TAIL),
    tail: new FifoTail(region, ENTRIES, SIZE, HEAD, TAIL),
  };
}

/** Whose one end thinks a frame is. */
function setOwner(end: object, slot: number, owner: number): void {
  (end as { owner: Uint8Array }).owner[slot] = owner;
}

/** A unit in which the host has lent its frames and posted one request, which the card has not received. */
function requested(): Fifos {
  const fifos = new Fifos();
  fifos.replies.supply();
  fifos.request(7);
  return fifos;
}

/** A unit in which the card has posted one reply, which the host has not received. */
function replied(): Fifos {
  const fifos = requested();
  fifos.reply(7);
  fifos.cardReplies.publish();
  return fifos;
}

/** A host that has posted nothing, and the address of a frame that it has not got. */
function withStalled(): { requests: Fifos['requests']; inboundMfa: number } {
  const fifos = new Fifos();
  return { requests: fifos.requests, inboundMfa: fifos.inboundMfa(0) };
}

describe('one FIFO', () => {
  trips('fifo: its size is a power of two', () => new FifoHead(allocateRegion(4096), ENTRIES, 3, HEAD, TAIL));
  trips('fifo: its entries lie in the region', () => {
    const region = allocateRegion(4096);
    new FifoTail(region, region.words.length - 2, SIZE, HEAD, TAIL);
  });

  trips('fifo: each end moves an index of its own, which is a word', () => {
    new FifoHead(allocateRegion(4096), ENTRIES, SIZE, HEAD, HEAD);
  });

  trips('frame owners: an owner is one of the four', () => countOwned(new Uint8Array(1), 4));

  trips('fifo host producer: an access that is made again posts a frame that was posted', () => {
    const { requests, inboundMfa } = withStalled();
    requests['stalled'] = inboundMfa;
    requests['checkOwners']();
  });

  trips('fifo host consumer: a reply is read while its frame is the host’s', () => {
    const fifos = replied();
    fifos.replies.receive();
    setOwner(fifos.replies, 0, CARDS);
    setOwner(fifos.replies, 1, CARDS);
    setOwner(fifos.replies, 2, CARDS);
    setOwner(fifos.replies, 3, CARDS);
    fifos.replies.receive();
  });

  trips('fifo head: what is shown was pushed, and fits', () => {
    const { head } = ends();
    head.next = -1;
    head.show();
  });

  trips('fifo head: no entry is shown that was not pushed', () => ends().head.showTo(1));

  trips('fifo head: it is asked about an entry that was pushed', () => ends().head.taken(0));

  trips('fifo head: the floor only rises', () => {
    const { head } = ends();
    head.push(128);
    head.cut();
    head.next = head.shown = 0;
    head.cut();
  });

  trips('fifo tail: an entry is taken only where one is known to be', () => ends().tail.take());

  trips('fifo tail: no more is shown as taken than was pushed', () => {
    const { head, tail } = ends();
    head.push(128);
    head.show();
    if (!tail.empty) tail.take();
    Object.assign(tail, { next: 2 });
    tail.show();
  });
});

describe('addresses', () => {
  trips('frame window: the shift from address to frame is that of the frame size', () =>
    checkFrameShift(7, 256),
  );
  trips('frame window: its frames begin on pairs of cache lines', () => new FrameWindow(192, 4, 0, 4096, 4));
  trips('frame window: no address is good both ways', () => new FrameWindow(128, 4, 0, 512, 4));
  trips('frame window: an address that was judged names a frame', () => {
    new FrameWindow(128, 4, 0, 4096, 4).slotOf(128 + 4 * 128);
  });
  trips('frame window: there is a frame of this number', () => new FrameWindow(128, 4, 0, 4096, 4).mfaOf(4));
  trips('frame window: a frame is read and written at an address without fault', () => {
    new FrameWindow(128, 4, 0, 4096, 4).wordOf(132);
  });
});

describe('the layout', () => {
  trips('fifo layout: each word of the unit has a pair of cache lines', () => {
    checkUnitLayout([0, 128, 320], 2048, 4096);
  });
  trips('fifo layout: the FIFOs lie behind the words of the unit', () =>
    checkUnitLayout([0, 128], 128, 4096),
  );
  trips('fifo layout: inbound frames are aligned like outbound ones', () => {
    checkUnitLayout([0, 128], 320, 4096);
  });
  trips('fifo layout: there are four FIFOs', () => queueWord(new Fifos().layout, OUTBOUND_FREE + 1));
  trips('fifo layout: the unit begins on a page', () => {
    const { layout } = new Fifos();
    queueWord({ ...layout, unit: layout.unit + 128 }, INBOUND_FREE);
  });

  const card = { inbound: 4096, inboundFrames: 4, outbound: 65536, outboundFrames: 4 };
  type Layout = Parameters<typeof fifoLayout>[0];
  trips('queues: the FIFOs are those of a card that was planned with them', () => {
    fifoLayout({ ...card, transport: 'ring' } as Layout);
  });
  trips('queues: the outbound frames lie behind the unit, so that no address is good both ways', () => {
    fifoLayout({ ...card, outbound: 4096 + 2048, transport: 'fifo' } as Layout);
  });
});

describe('the card’s consumer', () => {
  trips('fifo card consumer: only a frame that was received is released', () => {
    requested().cardRequests.release();
  });
  trips('fifo card consumer: only a frame that was received is preserved', () => {
    requested().cardRequests.preserve(0);
  });
  trips('fifo card consumer: a reset holds only a frame that was received', () => {
    requested().cardRequests.restart(true);
  });
  trips('fifo card consumer: only a frame of the card is freed or preserved', () => {
    const { cardRequests, words } = requested();
    cardRequests.receive();
    cardRequests.supply(); // frees the frame held
    cardRequests.release();
    return words;
  });
  trips('fifo card consumer: the free list has room for every inbound frame', () => {
    const { cardRequests, layout } = requested();
    // Frames that were given out are forgotten to be the host's, and so are freed again.
    for (let slot = 0; slot < layout.inboundFrames; slot++) setOwner(cardRequests, slot, CARDS);
    cardRequests.supply();
  });
  trips('fifo card consumer: a static frame lies in the region', () => {
    const fifos = requested();
    fifos.cardRequests.keepStatic(() => fifos.words.length);
    fifos.port.writeInbound(0x7fff0000);
    for (let i = 0; i < 3; i++) fifos.takeRequest();
  });
  trips('fifo card consumer: every address to be shown is of a frame that was pushed', () => {
    const { cardRequests } = requested();
    cardRequests.receive();
    cardRequests.release();
    for (let slot = 0; slot < 4; slot++) setOwner(cardRequests, slot, CARDS);
    cardRequests.publish();
  });
});

describe('the card’s producer', () => {
  trips('fifo card producer: only a frame that was acquired is posted', () => requested().cardReplies.post());
  trips('fifo card producer: only a frame that was acquired is cancelled', () => {
    requested().cardReplies.cancel();
  });
  trips('fifo card producer: only a frame that the host has lent is posted', () => {
    const { cardReplies, layout } = requested();
    cardReplies.acquire();
    for (let slot = 0; slot < layout.outboundFrames; slot++) setOwner(cardReplies, slot, HOSTS);
    cardReplies.post();
  });
  trips('fifo card producer: the post list has room for every outbound frame', () => {
    const { cardReplies, layout } = requested();
    for (let i = 0; i <= layout.outboundFrames; i++) {
      cardReplies.acquire();
      const { held } = cardReplies as unknown as { held: number };
      cardReplies.post();
      // The frame posted is kept as well.
      setOwner(cardReplies, (held - layout.outbound) >> 7, CARDS);
      Object.assign(cardReplies, { held });
      cardReplies.cancel();
    }
  });
  trips('fifo card producer: the stash has room for every outbound frame', () => {
    const { cardReplies, layout } = requested();
    for (let i = 0; i <= layout.outboundFrames; i++) {
      const held = layout.outbound;
      Object.assign(cardReplies, { held });
      cardReplies.cancel();
    }
  });
  trips('fifo card producer: it waits for no more frames than there are', () => {
    const { cardReplies, layout } = requested();
    cardReplies.armForFree(layout.outboundFrames + 1);
  });
  trips('fifo card producer: every frame that the host has lent is on the stash or acquired', () => {
    const { cardReplies } = requested();
    cardReplies.acquire();
    Object.assign(cardReplies, { held: -1 }); // neither posted nor cancelled
    cardReplies.publish();
  });
  trips('fifo card producer: every frame that is out was posted and not pulled again', () => {
    const { cardReplies } = replied();
    Object.assign(cardReplies, { out: 0 });
    cardReplies.publish();
  });
});

describe('the host’s producer', () => {
  trips('fifo host producer: no write is on its way before writes are kept back', () => {
    const { requests } = requested();
    requests['port'].showsAtOnce = false;
    requests.acquire();
    requests.post();
    requests.keepBack();
  });
  trips('fifo host producer: only a frame that was acquired is posted', () => requested().requests.post());
  trips('fifo host producer: only a frame that was acquired or adopted is cancelled', () => {
    requested().requests.cancel();
  });
  trips('fifo host producer: only a frame that was read from the port is posted', () => {
    const fifos = requested();
    Object.assign(fifos.requests, { held: fifos.inboundMfa(3) });
    for (let slot = 0; slot < 4; slot++) setOwner(fifos.requests, slot, CARDS);
    fifos.requests.post();
  });
  trips('fifo host producer: the stash has room for every inbound frame', () => {
    const { requests } = new Fifos();
    requests.available(4);
    for (let slot = 0; slot < 4; slot++) setOwner(requests, slot, CARDS); // and so they are read once more
    Object.assign(requests, { port: { readInbound: () => new Fifos().inboundMfa(0), broken: false } });
    requests.available(5);
  });
  trips('fifo host producer: it waits for no more frames than there are', () => {
    requested().requests.armForFree(5);
  });
  trips('fifo host producer: every frame of the host is on the stash or held', () => {
    const { requests } = requested();
    requests.acquire();
    Object.assign(requests, { held: -1 });
    requests.publish();
  });
});

describe('the host’s consumer', () => {
  trips('fifo host consumer: only a frame that was received is released', () => replied().replies.release());
  trips('fifo host consumer: only a frame of the host is lent', () => {
    const { replies } = replied();
    replies.receive();
    for (let slot = 0; slot < 4; slot++) setOwner(replies, slot, PUSHED);
    replies.release();
  });
  trips('fifo host consumer: a frame takes the room of one at least', () => new Fifos().replies.supply(0));
  trips('fifo host consumer: no reply is held over a reset', () => replied().replies.restart(true));
});
