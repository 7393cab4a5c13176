/** Each assertion of what osm/message is told, keeps and shares, tripped by the fault it guards against. */
import { describe } from 'vitest';
import type { CardLayout } from '../../src/dma/card-layout.ts';
import { DEVICE_TID, NO_TID, SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { checkLayout } from '../../src/osm/host.ts';
import { STATE_CLOSING, STATE_LISTENING } from '../../src/osm/memory/host-socket.ts';
import { checkControlPlaces } from '../../src/osm/message/control-area.ts';
import { EVENTS_MAX } from '../../src/osm/message/device-events.ts';
import { checkSlots } from '../../src/osm/message/device-params.ts';
import { entryOfTid } from '../../src/osm/message/device-table.ts';
import { fillsFrame } from '../../src/osm/message/frame-budget.ts';
import { checkHandlers } from '../../src/osm/message/handlers.ts';
import { checkListSizes } from '../../src/osm/message/requests.ts';
import { checkBatchSize } from '../../src/osm/message/send-batch.ts';
import { checkSendLimits } from '../../src/osm/message/send-requests.ts';
import { trips } from '../rules/trips.ts';
import { ScriptedCard } from './scripted-card.ts';

describe('limits that are fixed when the driver is loaded', () => {
  trips('handlers: each has a number of its own', () => checkHandlers([1, 2, 3, 2]));
  trips('handlers: none is 0, which a card may write of itself', () => checkHandlers([1, 0]));
  trips('requests: as many buckets are posted as a frame can name', () => checkListSizes(10, 13, 26));
  trips('requests: as many sockets are credited as a frame can name', () => checkListSizes(9, 12, 26));
  trips('requests: as many socket ids are posted as a frame can name', () => checkListSizes(9, 13, 27));
  trips('send requests: a send of a stream names as many buffers as fit', () =>
    checkSendLimits(9, 8, 96, 92),
  );
  trips('send requests: a datagram names as many buffers as fit', () => checkSendLimits(8, 7, 96, 92));
  trips('send requests: the longest immediate data of a stream fills a frame', () =>
    checkSendLimits(8, 8, 97, 92),
  );
  trips('send requests: the longest immediate data of a datagram fills a frame', () =>
    checkSendLimits(8, 8, 96, 96),
  );
  trips('send batch: as many sends share a frame as fit it', () => checkBatchSize(6));
  trips('control area: what is lent of it does not overlap', () =>
    checkControlPlaces([0, 64, 256, 1024, 3072]),
  );
  trips('control area: what is lent of it begins at a word', () =>
    checkControlPlaces([0, 129, 256, 1024, 3072]),
  );
  trips('device params: a slot and its result list begin at a word', () => checkSlots(1024, 12, 14));
  trips('device params: results follow the operation list', () => checkSlots(1024, 12, 8));
});

describe('the memory that driver and card share', () => {
  /** The layout of a card of 1 MiB, changed. */
  function layoutWith(change: Partial<CardLayout>): void {
    const transmit = { offset: 4096, count: 16, bufferBytes: 2048 };
    const receive = { offset: 65_536, count: 16, bufferBytes: 2048 };
    checkLayout({ transmit, receive, control: 8192, ...change } as CardLayout, 1 << 20);
  }
  trips('host: a pool lies within the region', () =>
    layoutWith({ transmit: { offset: 4096, count: 1024, bufferBytes: 2048 } }),
  );
  trips('host: a buffer of a pool begins at a word', () =>
    layoutWith({ receive: { offset: 65_537, count: 16, bufferBytes: 2048 } }),
  );
  trips('host: the two pools do not overlap', () =>
    layoutWith({ receive: { offset: 8192, count: 16, bufferBytes: 2048 } }),
  );
  trips('host: the control area lies within the region', () => layoutWith({ control: 1 << 20 }));

  const words = new Int32Array(64);
  trips('device table: the memory lent for a table lies within the region', () =>
    entryOfTid({ words, at: 60, roomWords: 12 }, DEVICE_TID),
  );
  trips('device table: the memory lent for a table holds its head', () =>
    entryOfTid({ words, at: 0, roomWords: 2 }, DEVICE_TID),
  );
  trips('frame budget: an element has at least a word', () => fillsFrame(6, 0, 4));
});

describe('calls that wait', () => {
  const controlOf = () => new ScriptedCard().host.driver['control'];
  trips('control call: one call waits at a time', () => {
    const control = controlOf();
    control.begin();
    control.begin();
  });
  trips('control call: who gives up was waiting', () => controlOf().abandon(100));
  trips('control call: who gives up answers with an error', () => {
    const control = controlOf();
    control.begin();
    control.abandon(0);
  });
  trips('device params: a request is written in the frame that was acquired', () => {
    const params = new ScriptedCard().sockets.device['params'];
    params['ask'](64, 1, params['offset'], 1);
  });
  trips('device params: what is lent to the card is one of the slots', () => {
    const card = new ScriptedCard();
    const params = card.sockets.device['params'];
    params['ask'](card.host.requests.acquire(), 1, params['offset'] + 4096, 1);
  });
  trips('device params: the number of a group has 16 bits', () =>
    new ScriptedCard().sockets.device['params'].readGroup(0x10000),
  );
});

describe('events and the watch', () => {
  const eventsOf = () => new ScriptedCard().sockets.device['events'];
  trips('device events: no more are kept than there is room for', () => {
    const events = eventsOf();
    events['count'] = EVENTS_MAX + 1;
    events['put'](1, 0);
  });
  trips('device events: the oldest is one that was kept', () => {
    const events = eventsOf();
    events['put'](1, 0);
    events['head'] = 5;
    events.next({ indicator: 0, data: 0 });
  });
  trips('device events: an event that is kept has an indicator', () => eventsOf()['put'](0, 0));

  /** A watch over the device, and the table's memory. */
  function watched(tid = DEVICE_TID, roomWords = 64) {
    const { driver, requests } = new ScriptedCard().host;
    const { watch } = driver['replies'];
    const table = { words: requests.words, at: 256, roomWords };
    return { watch, requests, device: { tid, classId: SOCKET_CLASS_ID, table } };
  }
  trips('card watch: there is room for the head of a table', () => {
    const { watch, requests, device } = watched(DEVICE_TID, 2);
    watch.begin(requests.acquire(), device, 0);
  });
  trips('card watch: it watches over the device that requests go to', () => {
    const { watch, requests, device } = watched(DEVICE_TID + 1);
    watch.begin(requests.acquire(), device, 0);
  });
  trips('card watch: a registration is written in the frame acquired for it', () =>
    watched().watch.register(64),
  );
  trips('card watch: a table is asked for in the frame acquired for it', () => {
    const { watch, device } = watched();
    watch.begin(64, device, 0);
  });
  trips('card watch: a table has changed only after one was asked for', () => {
    const { watch } = watched();
    watch['changed'] = true;
    watch.look();
  });
  trips('card watch: one request for the table is open at a time', () => {
    const { watch, requests, device } = watched();
    watch.begin(requests.acquire(), device, 0);
    watch['ask'](requests.acquire(), device.table, 0);
  });
});

describe('bring-up', () => {
  trips('bring-up: the device is known when the card is up', () => {
    const { bringUp, requests } = new ScriptedCard().host;
    for (const step of ['outboundInit', 'hrtGet', 'sysTabSet', 'simple'] as const) bringUp[step] = () => {};
    bringUp['caller'].supplyOutbound = () => {};
    bringUp['findDevice'] = () => {
      requests.deviceTid = NO_TID;
      return 2;
    };
    bringUp['fromReset'](SOCKET_CLASS_ID, () => true);
  });
  trips('bring-up: a table has no more room than the control area lends it', () => {
    const { bringUp } = new ScriptedCard().host;
    bringUp['replied'] = () => {};
    let needed = 256;
    const ask = (): void => void bringUp['frame']();
    const post = bringUp['requests'];
    post.post = () => post.cancel();
    // The table grows between the look at its size and the look at whether it fits.
    bringUp['wholeTable']('LctNotify', ask, () => (needed += 700));
  });
});

describe('replies', () => {
  /** A listener that has been closed, and the socket id that is posted for it. */
  function orphaned() {
    const card = new ScriptedCard();
    const table = card.host.sockets['table'];
    const listenerId = table.take(STATE_LISTENING);
    const socketId = table.post(listenerId);
    table.sockets[listenerId].become(STATE_CLOSING);
    const replies = card.host.driver['replies'];
    const words = new Int32Array(32);
    words[0] = 9 << 16;
    words[1] = 0x82 << 24;
    words[3] = socketId;
    words[5] = listenerId | (socketId << 16);
    return { replies, words, socketId, listenerId };
  }
  trips('reply dispatch: only a connect that has failed leaves its name', () => {
    const { replies } = orphaned();
    replies['keepName'](replies['table'].sockets[0], 0);
  });
  trips('reply dispatch: one takes all answers of the echo module', () => {
    const { replies } = orphaned();
    replies.echoesTo({ answered: () => true });
  });
  trips('reply dispatch: one posts for all listeners', () => {
    const { replies } = orphaned();
    replies.postBy({ owe: () => undefined });
  });
  trips('reply dispatch: each orphan is in the list once', () => {
    const { replies, words, socketId } = orphaned();
    replies['orphanCount'] = replies['orphans'].length;
    const own = replies as unknown as { words: Int32Array };
    own.words = words;
    replies['accepted'](0, socketId, 0);
  });
  trips('reply dispatch: an orphan is a socket there is', () => {
    const { replies } = orphaned();
    replies['orphans'][0] = -1;
    replies['orphanCount'] = 1;
    replies.nextOrphan();
  });
  trips('receive replies: data is queued for an open socket', () => {
    const card = new ScriptedCard();
    const socketId = card.connect();
    const socket = card.sockets['table'].sockets[socketId];
    socket.become(STATE_CLOSING);
    card.host.driver['replies']['receives']['queue'](0, socketId, socket);
  });
  trips('send replies: a buffer was lent for a socket there is', () => {
    const card = new ScriptedCard({ immediateBytesMax: 0 });
    card.sockets.send(card.connect(), new Uint8Array(9), 0, 9);
    card.host.transmit['tagOf'][0] = 0x7fff;
    card.contexts(0);
  });
  trips('undelivered: a buffer that comes home holds bytes', () => {
    const card = new ScriptedCard({ immediateBytesMax: 0 });
    card.sockets.send(card.connect(), new Uint8Array(9), 0, 9);
    card.host.transmit['lengthOf'][0] = 0;
    card.host.driver['replies'].failures['home'](0);
  });
  trips('undelivered: one part of the driver sends again', () => {
    const { driver } = new ScriptedCard().host;
    driver['replies'].failures.resendBy(driver['retries']);
  });
  trips('undelivered: it is known who sends again before a reply is taken', () => {
    const { failures } = new ScriptedCard().host.driver['replies'];
    failures['resend'] = undefined;
    failures['buckets'](NO_FRAME, 0);
  });
});
