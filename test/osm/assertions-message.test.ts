/**
 * Each assertion of osm/message, tripped by the fault it guards against: frames, sends, calls, tables,
 * replies.
 */
import { describe } from 'vitest';
import type { CardLayout } from '../../src/dma/card-layout.ts';
import { SOCKET_ACCEPT_POST_LIST_MAX, SOCKET_RECEIVE_CREDIT_LIST_MAX } from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, NO_TID, SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { checkLayout } from '../../src/osm/host.ts';
import { STATE_CLOSING, STATE_LISTENING } from '../../src/osm/memory/host-socket.ts';
import { checkControlPlaces } from '../../src/osm/message/control-area.ts';
import { EVENTS_MAX } from '../../src/osm/message/device-events.ts';
import { checkSlots } from '../../src/osm/message/device-params.ts';
import { entryOfTid } from '../../src/osm/message/device-table.ts';
import { checkEchoLimits, EchoRequests } from '../../src/osm/message/echo-requests.ts';
import { fillsFrame } from '../../src/osm/message/frame-budget.ts';
import { checkHandlers } from '../../src/osm/message/handlers.ts';
import { checkListSizes } from '../../src/osm/message/requests.ts';
import { checkBatchSize, SENDS_PER_FRAME } from '../../src/osm/message/send-batch.ts';
import { BUFFERS_PER_SEND, checkSendLimits } from '../../src/osm/message/send-requests.ts';
import { trips } from '../rules/trips.ts';
import { ScriptedCard } from './scripted-card.ts';

const requestsOf = () => new ScriptedCard().host.requests;

/** A card with a SocketClose written in the frame that was acquired, but for its post. */
function written() {
  const card = new ScriptedCard();
  const { requests } = card.host;
  const frame = requests.acquire();
  const { words } = card;
  const post = requests.post.bind(requests);
  requests.post = () => {};
  requests.close(frame, 3, 3, false);
  return { words, frame, post, requests };
}

function connected() {
  const card = new ScriptedCard();
  const socketId = card.connect();
  const { sender } = card.sockets;
  return {
    card,
    socketId,
    messages: sender['messages'],
    batch: sender['batch'],
    transmit: card.host.transmit,
  };
}

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

describe('inbound frames', () => {
  trips('inbound frames: a device is neither the executive nor the host', () =>
    requestsOf().useDevice(HOST_TID),
  );
  trips('inbound frames: the frame acquired before was posted or given back', () => {
    const requests = requestsOf();
    requests.acquire();
    requests.acquire();
  });
  trips('inbound frames: what is given back was acquired', () => requestsOf().cancel());
  trips('inbound frames: no frame is held while a failed one is adopted', () => {
    const requests = requestsOf();
    requests.adopt(requests.acquire());
  });
  trips('inbound frames: what is posted was acquired', () => requestsOf().post());
  trips('inbound frames: a request has the size of a frame at most', () => {
    const { words, frame, post } = written();
    words[frame] = (words[frame] & 0xffff) | (33 << 16);
    post();
  });
  trips('inbound frames: a request has the header that the card demands', () => {
    const { words, frame, post } = written();
    words[frame] = words[frame] & ~7;
    post();
  });
  trips('inbound frames: a request comes from the host', () => {
    const { words, frame, post } = written();
    words[frame + 1] = words[frame + 1] | (2 << 12);
    post();
  });
  trips('inbound frames: a request goes to the executive, or to the device that was found', () => {
    const { requests, post } = written();
    requests.useDevice(DEVICE_TID + 1);
    post();
  });
  trips('inbound frames: a request has the layout of its function', () => {
    const { words, frame, post } = written();
    words[frame] = (words[frame] & 0xffff) | (4 << 16);
    post();
  });
});

describe('requests', () => {
  trips('requests: a request is written in the frame that was acquired', () => {
    const requests = requestsOf();
    requests.shutdown(requests.acquire() + 32, 0, 1);
  });
  trips('requests: a socket id has 16 bits', () => {
    const requests = requestsOf();
    requests.statusGet(requests.acquire(), 1, 65536);
  });
  trips('requests: a tag names the socket that its request names', () => {
    const requests = requestsOf();
    requests.close(requests.acquire(), 4, 5, false);
  });
  trips('requests: a socket that is made is for a stream or for datagrams', () => {
    const requests = requestsOf();
    requests.create(requests.acquire(), 0, 0, 3);
  });
  trips('requests: a name is one end of a connection', () => {
    const requests = requestsOf();
    requests.nameGet(requests.acquire(), 1, 0, 2);
  });
  trips('requests: a backlog has 16 bits', () => {
    const requests = requestsOf();
    requests.listen(requests.acquire(), 1, 0, 0x1_0000);
  });
  trips('requests: a shutdown is of one half of a connection, or of both', () => {
    const requests = requestsOf();
    requests.shutdown(requests.acquire(), 0, 3);
  });
  trips('requests: a credit message is posted in the frame it was written in', () => {
    const requests = requestsOf();
    requests.creditPost(requests.acquire() + 32, 1);
  });
  trips('requests: a port that is bound has 16 bits', () => {
    const requests = requestsOf();
    requests.bind(requests.acquire(), 1, 0, 0, 65536);
  });
  trips('requests: a port that is connected to has 16 bits', () => {
    const requests = requestsOf();
    requests.connect(requests.acquire(), 0, 0, 1, -1);
  });
  trips('requests: at least one socket id is posted, and no more than fit a frame', () => {
    const requests = requestsOf();
    requests.acceptPost(requests.acquire(), 0, new Int32Array(27), SOCKET_ACCEPT_POST_LIST_MAX + 1);
  });
  trips('requests: a registration is written in the frame that was acquired', () =>
    requestsOf().eventRegister(0, 1, -1),
  );
  trips('requests: there is an empty bucket to post', () => {
    const { requests, receive } = new ScriptedCard().host;
    while (receive.waiting > 0) receive.takeToPost();
    requests.receivePost(receive);
  });
  trips('requests: a credit is of at least one byte', () => {
    const requests = requestsOf();
    requests.creditPair(requests.acquire(), 0, 0, 0, 0);
  });
  trips('requests: a credit message names no more sockets than fit a frame', () => {
    const requests = requestsOf();
    requests.creditPair(requests.acquire(), SOCKET_RECEIVE_CREDIT_LIST_MAX, 0, 1, 0);
  });
  trips('requests: a credit message names at least one socket', () => {
    const requests = requestsOf();
    requests.creditPost(requests.acquire(), 0);
  });
});

function echoesOf(): EchoRequests {
  return new EchoRequests(requestsOf());
}

describe('echoes', () => {
  trips('echo requests: the longest immediate data fills a frame', () => checkEchoLimits(92, 8, 4));
  trips('echo requests: a message names as many buffers as fit', () => checkEchoLimits(96, 8, 3));
  trips('echo requests: one message is written at a time', () => {
    const echoes = echoesOf();
    echoes.begin();
    echoes.begin();
  });
  trips('echo requests: a buffer is named in a message that was begun', () => echoesOf().buffer(0, 64, 1));
  trips('echo requests: what is posted was begun', () => echoesOf().post(1, 0, 0, true));
  trips('echo requests: immediate data is put into a message that was begun', () => echoesOf().immediate(4));
  trips('echo requests: immediate data is the whole payload, and fits a frame', () => {
    const echoes = echoesOf();
    echoes.begin();
    echoes.immediate(97);
  });
  trips('echo calls: payloads are changed while nothing is under way', () => {
    const { echoes } = new ScriptedCard().host;
    echoes.echo();
    echoes.open([new Uint8Array(1)], [new Uint8Array(1)]);
  });
  trips('echo calls: no more requests wait than there are places for', () => {
    const { echoes } = new ScriptedCard().host;
    echoes['next'] = echoes['mask'] + 1;
    echoes['checkPlace']();
  });
  trips('echo calls: an answer that gives buffers back was on its way', () => {
    const { echoes } = new ScriptedCard().host;
    echoes['giveBack'](0);
  });
  trips('echo calls: the bucket of an echo is with the card until the answer', () => {
    const { echoes, receive } = new ScriptedCard().host;
    echoes['length'][0] = 5;
    echoes['pieces'][0] = 1;
    receive.unposted(0);
    echoes['takeEcho'](new Int32Array(64), 0, 0, 6);
  });
});

describe('sends', () => {
  trips('send requests: one message is written at a time', () => {
    const { messages } = connected();
    messages.begin();
    messages.beginTo();
  });
  trips('send requests: immediate data is put into a message that was begun', () =>
    connected().messages.immediate(0, 4),
  );
  trips('send requests: immediate data is the only element of its list', () => {
    const { messages, transmit } = connected();
    messages.begin();
    messages.buffer(transmit.take(true), 4);
    messages.immediate(transmit.takeSlot(true), 4);
  });
  trips('send requests: a buffer is named in a message that was begun', () =>
    connected().messages.buffer(0, 4),
  );
  trips('send requests: what is given up was begun', () => connected().messages.cancel());
  trips('send requests: what is posted was begun', () => connected().messages.post(0, 0, 0));
  trips('send requests: a message is posted as what it was begun', () => {
    const { messages } = connected();
    messages.begin();
    messages.immediate(16, 4);
    messages.postTo(0, 0, 0, 1, 9);
  });
  trips('send requests: the tag of a send names its socket', () => {
    const { messages } = connected();
    messages.begin();
    messages.immediate(16, 4);
    messages.post(1, 0, 0);
  });
  trips('send requests: a reply mode has two bits', () => {
    const { messages } = connected();
    messages.begin();
    messages.immediate(16, 4);
    messages.post(0, 0, 4);
  });
  trips('send requests: the port of a destination has 16 bits', () => {
    const { messages } = connected();
    messages.beginTo();
    messages.immediate(16, 4);
    messages.postTo(0, 0, 0, 1, 65536);
  });
  trips('send batch: a buffer is added for the socket that it was lent for', () => {
    const { batch, transmit, card, socketId } = connected();
    const context = transmit.take(true);
    transmit.lend(context, socketId, card.sockets['table'].sockets[socketId], 4);
    batch.add(socketId + 1, context, 0);
  });
  trips('send requests: a list has an element', () => {
    const { messages } = connected();
    messages.begin();
    messages.post(0, 0, 0);
  });
  trips('send requests: a list ends within its frame', () => {
    const { messages, transmit } = connected();
    messages.begin();
    for (let i = 0; i <= BUFFERS_PER_SEND; i++) messages.buffer(transmit.take(true), 4);
    messages.post(0, 0, 0);
  });
  trips('send batch: there is room for what is added', () => {
    const { batch, transmit, card, socketId } = connected();
    const socket = card.host.sockets['table'].sockets[socketId];
    const context = transmit.take(true);
    transmit.lend(context, socketId, socket, 4);
    batch.count = SENDS_PER_FRAME;
    batch.add(socketId, context, 0);
  });
  trips('send batch: a buffer that waits has been lent', () => {
    const { batch, transmit } = connected();
    batch.add(0, transmit.take(true), 0);
  });
  trips('send batch: what is posted has a send', () => {
    const { batch, card } = connected();
    batch.post(card.host.requests.acquire());
  });
  trips('send batch: it is written in the frame that was acquired', () => {
    const { batch } = connected();
    batch.count = 1;
    batch.post(64);
  });
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
