/** Each assertion of frames and requests that osm/message writes, tripped by the fault it guards against. */
import { describe } from 'vitest';
import { SOCKET_ACCEPT_POST_LIST_MAX, SOCKET_RECEIVE_CREDIT_LIST_MAX } from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { checkEchoLimits, EchoRequests } from '../../src/osm/message/echo-requests.ts';
import { SENDS_PER_FRAME } from '../../src/osm/message/send-batch.ts';
import { BUFFERS_PER_SEND } from '../../src/osm/message/send-requests.ts';
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

function echoesOf(): EchoRequests {
  return new EchoRequests(requestsOf());
}

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
  trips('requests: a socket id has 24 bits', () => {
    const requests = requestsOf();
    requests.statusGet(requests.acquire(), 1, 0x100_0000);
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
    requests.creditPost(requests.acquire() + 32, 1, 0);
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
    requests.creditPost(requests.acquire(), 0, 0);
  });
});

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
    transmit.lend(context, card.sockets['table'].sockets[socketId], 4);
    batch.add(socketId + 1, context, 0);
  });
  trips('send batch: all sockets of a message have the same bits above the lower 16', () => {
    const { batch, transmit, card, socketId } = connected();
    const { sockets } = card.sockets['table'];
    for (const id of [socketId, socketId + 0x1_0000]) {
      const context = transmit.take(true);
      transmit.lend(context, sockets[socketId], 4);
      batch.add(id, context, 0);
    }
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
    transmit.lend(context, socket, 4);
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
