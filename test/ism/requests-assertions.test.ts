/** Trips the assertions of src/ism/requests and of the module, on the parts of a real card. */
import { describe } from 'vitest';
import * as s from '../../src/i2o/socket.gen.ts';
import { SOCKETS_MAX } from '../../src/i2o/socket-number.ts';
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import { checkSocketsMax } from '../../src/ism/build-socket-module.ts';
import { TRANSACTIONS_MAX } from '../../src/ism/replies/send-outcomes.ts';
import { CardSocket, KIND_LISTENER, KIND_POSTED, PENDING_CLOSE } from '../../src/ism/sockets/card-socket.ts';
import { trips } from '../rules/trips.ts';
import { DATAGRAM, LOCALHOST, SocketCard, STREAM } from './card.ts';

const CLEAN = { clean: false, matches: () => true };

/** A card and the parts of its socket module that serve requests. */
function bed() {
  const card = new SocketCard();
  const module = card.module;
  const lists = module['sends']['lists'];
  return {
    card,
    module,
    stack: module['stack'],
    sockets: module['sockets'],
    sends: module['sends'],
    receives: module['receives'],
    aborts: module['aborts'],
    control: module['control'],
    listSends: lists,
    sendLists: lists['lists'],
  };
}

describe('control requests', () => {
  trips('control requests: a bound socket has a port', () => {
    const { card, stack } = bed();
    card.create(0, STREAM);
    stack.tcpLocalPort = () => 0;
    card.bind(0, 4000);
  });
  trips('control requests: a connected datagram socket has a peer', () => {
    const { card, stack } = bed();
    card.create(0, DATAGRAM);
    stack.udpRemotePort = () => 0;
    card.ask(s.SOCKET_CONNECT, [0, LOCALHOST, 9]);
  });
  trips('control requests: a socket is closed once', () => {
    const { card, control, sockets } = bed();
    card.create(0, STREAM);
    sockets[0].pending = PENDING_CLOSE;
    control['close'](0, s.SOCKET_CLOSE, 0, sockets[0]);
  });
});

describe('requests about listeners', () => {
  /** A listener, number 0. */
  const listener = () => {
    const parts = bed();
    const { card } = parts;
    card.create(0, STREAM);
    card.bind(0, 4000);
    card.ask(s.SOCKET_LISTEN, [0, 8]);
    return parts;
  };
  trips('listen requests: the check has bounded the list of numbers', () => {
    const { card, control, sockets } = listener();
    card.region.words[100 + 5] = s.SOCKET_ACCEPT_POST_LIST_MAX + 1;
    control['listeners'].acceptPost(100, 0, sockets[0]);
  });
  trips('listen requests: the list of posted numbers ends at its tail', () => {
    const { card, sockets } = listener();
    card.ask(s.SOCKET_ACCEPT_POST, [0, 1, 1]);
    sockets[1].postedNext = 3;
    card.ask(s.SOCKET_ACCEPT_POST, [0, 1, 2]);
  });
});

describe('inquiries', () => {
  trips('inquiries: a socket whose option is asked for has a connection', () =>
    bed().control['inquiries'].optionGet(100, new CardSocket()),
  );
  trips('inquiries: a socket whose name is asked for has a connection', () =>
    bed().control['inquiries'].nameGet(100, new CardSocket()),
  );
  trips('inquiries: a socket that TCP_INFO is asked of has a connection', () =>
    bed().control['inquiries'].infoGet(100, 0, new CardSocket()),
  );
  trips('inquiries: a snapshot is taken of a connection', () =>
    bed().control['inquiries'].snapshotGet(100, 0, new CardSocket()),
  );
  trips('inquiries: a socket is in a state that the class names', () => {
    const { card, stack } = bed();
    card.create(0, STREAM);
    stack.tcpState = () => 0;
    card.ask(s.SOCKET_STATUS_GET, [0]);
  });
});

describe('receive requests', () => {
  trips('receive requests: a list is read within its message', () => {
    const { card, receives } = bed();
    const { words } = card.region;
    const frame = 100;
    words[frame] = 1 | (s.SOCKET_RECEIVE_POST_SGL_WORD << 4) | (3 << 16);
    words[frame + 3] = 1;
    // A message whose size was never checked ends before its list begins.
    receives.post(frame, 3);
  });
  trips('receive requests: a list posts no more buckets than its message names', () => {
    const { card, receives } = bed();
    card.region.words.fill(0, 100, 132);
    receives['readGeneralList'](100, 4, 5, -1);
  });
});

describe('send requests', () => {
  trips('send requests: a buffer is taken for a socket that has a connection', () => {
    const { card, sends } = bed();
    sends['buffer'](0, -1, 0, card.bufferAddress(0), 10, 0);
  });
});

describe('sends by general lists', () => {
  trips('list sends: a batch says the high bits of its numbers, and no others', () =>
    bed().listSends.batch(100, 8, 0, 1, 0, 0),
  );
  trips('list sends: a buffer has a piece', () => bed().listSends['buffer']());
  trips('list sends: the last piece of a buffer has its context', () => {
    const { listSends, sendLists } = bed();
    sendLists['add'](4096, 10);
    listSends['buffer']();
  });
  trips('list sends: pieces are given back from the first on', () => bed().listSends['giveBack'](2, 1));
  trips('list sends: a buffer that waits is one of the list', () => {
    const { listSends } = bed();
    listSends['waitingTo'] = 2;
    listSends['flush'](0);
  });
  /** Two pieces of one buffer, which the stack has said it takes. */
  const twoPieces = (errnos: number[]) => {
    const { card, listSends, sendLists, stack, sockets } = bed();
    card.pair(0, 1, 2);
    sendLists['add'](card.bufferAddress(0), 10);
    sendLists['add'](card.bufferAddress(0) + 20, 10);
    listSends['connection'] = sockets[0].connection;
    stack.tcpSend = () => errnos.shift() ?? 0;
    listSends['queue'](0, 2, 0);
  };
  trips('list sends: the stack takes every piece of a buffer it has room for', () => twoPieces([105, 0]));
  trips('list sends: the stack takes the last piece of a buffer it has room for', () => twoPieces([0, 105]));
  trips('list sends: a message has no more transactions than outcomes', () => {
    const { listSends } = bed();
    listSends['transactions'] = TRANSACTIONS_MAX;
    listSends['beginTransaction']();
  });
  trips('list sends: no buffer waits from one transaction to the next', () => {
    const { listSends } = bed();
    listSends['waitingTo'] = 1;
    listSends['beginTransaction']();
  });
});

describe('the lists of sends', () => {
  trips('send lists: no buffer is left open when a list begins', () => {
    const { sendLists } = bed();
    sendLists['open'] = 3;
    sendLists.begin(100, 6, 32, 0, false);
  });
  trips('send lists: a piece has no negative length', () => bed().sendLists['add'](4096, -1));
  trips('send lists: the pieces of a list fit their table', () => {
    const { sendLists } = bed();
    for (let i = 0; i <= 64; i++) sendLists['add'](4096 + 8 * i, 4);
  });
});

describe('aborts', () => {
  trips('aborts: a posted number is in the list of its listener', () => {
    const { aborts, sockets } = bed();
    sockets[0].kind = KIND_LISTENER;
    Object.assign(sockets[1], { kind: KIND_POSTED, postedFor: 0 });
    aborts.abort(CLEAN as never);
  });
  trips('aborts: an abort of sends gives contexts back and takes none', () => {
    const { card, aborts, stack, module } = bed();
    card.create(0, DATAGRAM);
    module['sendBuffers'].begin(0, module['sockets'][0].tag);
    stack.udpDiscard = () => Number(module['sendBuffers'].begin(1, 0));
    aborts.abort(CLEAN as never);
  });
});

describe('the module', () => {
  trips('socket module: the module is behind the device that its replies name', () =>
    bed().module.attachEvents({ raise() {} }, DEVICE_TID + 1),
  );
  trips('socket module: every socket number fits a message', () => checkSocketsMax(SOCKETS_MAX + 1));
  trips('socket module: the IOP hands on a request whose size it has checked', () =>
    bed().module.request(100, s.SOCKET_SEND, 33),
  );
  trips('socket module: a device at rest has none of the buffers to send', () => {
    const { module } = bed();
    module['sendBuffers'].begin(0, 0);
    module.quiesce();
  });
});
