/**
 * Trips the assertions of src/ism/replies, src/ism/delivery and the device's groups, on the parts of a real
 * card.
 */
import { describe } from 'vitest';
import { REQUEST_STATUS_ERROR_NO_DATA, REQUEST_STATUS_SUCCESS } from '../../src/i2o/executive.gen.ts';
import * as s from '../../src/i2o/socket.gen.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { addressGroup, checkStatistics, numbers } from '../../src/ism/device-groups.ts';
import { isWanted } from '../../src/ism/replies/answers.ts';
import { BatchControl } from '../../src/ism/replies/batch-control.ts';
import { NO_BUCKET } from '../../src/ism/replies/receive-records.ts';
import { answerFrame, postReply } from '../../src/ism/replies/reply-frames.ts';
import { checkOutcomeLimits, TRANSACTIONS_MAX } from '../../src/ism/replies/send-outcomes.ts';
import {
  KIND_FREE,
  KIND_LISTENER,
  KIND_POSTED,
  KIND_STREAM,
  PENDING_URGENT,
} from '../../src/ism/sockets/card-socket.ts';
import { NEVER } from '../../src/time/agent.ts';
import { trips } from '../rules/trips.ts';
import { DATAGRAM, SocketCard, STREAM } from './card.ts';

/** A card and the parts of its socket module that make replies. */
function bed() {
  const card = new SocketCard();
  const module = card.module;
  const pendingReplies = module['pendingReplies'];
  return {
    card,
    module,
    pendingReplies,
    stack: module['stack'],
    sockets: module['sockets'],
    answers: module['answers'],
    pending: pendingReplies['pending'],
    outbound: pendingReplies['outbound'],
    records: pendingReplies['records'],
    contexts: pendingReplies['contexts'],
    outcomes: pendingReplies['contexts']['outcomes'],
    connections: pendingReplies['connections'],
    data: pendingReplies['data'],
  };
}

describe('answers', () => {
  trips('answers: a refusal says what is wrong', () => bed().answers.refuse(0, 0));
  trips('answers: what is wrong lies in the request', () => bed().answers.refuse(0, 1, 128));
  trips('answers: an unknown function is answered with a code', () => bed().answers.unknown(0, 0));
  trips('answers: an errno fits the status word', () => bed().answers.outcome(0, -1, s.REPLY_MODE_BATCH));
  trips('answers: a reply mode is one of four', () => isWanted(0, 4));
});

describe('frames of replies', () => {
  trips('reply frames: a request that is served finds a frame for its answer', () => {
    const { outbound } = bed();
    outbound.acquire = () => NO_FRAME;
    answerFrame(outbound);
  });
  trips('reply frames: a reply has the header of a reply', () => {
    const { outbound } = bed();
    const frame = answerFrame(outbound);
    s.writeSocketClose(outbound.words, frame, 0, 0, 0, 0, 0);
    postReply(outbound, frame);
  });
  trips('reply frames: a reply passes the check of the host that receives it', () => {
    const { outbound } = bed();
    const frame = answerFrame(outbound);
    s.writeSocketSendReply(outbound.words, frame, 0, 0, 0, 0, 0, 28, 0, 32);
    postReply(outbound, frame);
  });
});

describe('batch control', () => {
  /** Breaks a value, as a lost bound would, and lets the host write another. */
  const written = (break_: (batch: BatchControl) => void) => () => {
    const batch = new BatchControl(1000, 16);
    break_(batch);
    const group = batch.group(() => false);
    group.write(0, 4, new DataView(new ArrayBuffer(8)), 0);
  };
  trips(
    'batch control: a reply carries a context, and no more than it has room for',
    written((batch) => {
      batch.contextsMax = 28;
    }),
  );
  trips(
    'batch control: a reply carries a record, and no more than it has room for',
    written((batch) => {
      batch.recordsMax = 0;
    }),
  );
  trips('batch control: contexts wait at most a second', () => new BatchControl(2e9, 16));
  trips('batch control: the watermark lies within the pool', () => {
    const batch = new BatchControl(1000, 16);
    batch.bucketsLow = 17;
    batch.group(() => false).write(0, 1, new DataView(new ArrayBuffer(8)), 0);
  });
  trips(
    'batch control: batching is not both turned off and forced',
    written((batch) => {
      batch.enabled = false;
      batch['forced'] = true;
    }),
  );
});

describe('receive records', () => {
  /** A card whose frame of records is open. */
  const open = () => {
    const { records } = bed();
    records.open();
    return records;
  };
  trips('receive records: a record goes into an open frame', () =>
    bed().records.add(NO_BUCKET, 0, s.RECEIVE_FLAG_END_OF_STREAM, 0, 0),
  );
  trips('receive records: records are told as success, or as buckets that an abort has ended', () =>
    bed().records.openWith(REQUEST_STATUS_ERROR_NO_DATA),
  );
  trips('receive records: a record lies within its frame', () => {
    const records = open();
    records['count'] = 6;
    records.add(NO_BUCKET, 0, s.RECEIVE_FLAG_END_OF_STREAM, 0, 0);
  });
  trips('receive records: a record is about a socket, or about none', () => open().add(0, -1, 0, 0, 0));
  trips('receive records: what a record tells of fits a bucket', () => open().add(0, 0, 0, 1 << 20, 0));
  trips('receive records: a record of an error, and no other, has an errno', () => open().add(0, 0, 0, 1, 5));
});

describe('context replies', () => {
  trips('context replies: what waits to be told has a deadline', () => {
    const { contexts, module } = bed();
    const buffers = module['sendBuffers'];
    buffers.begin(0, 0);
    buffers.release(0);
    contexts['dueNs'] = NEVER;
    contexts.nextDeadlineNs();
  });
});

describe('outcomes of batched sends', () => {
  trips('send outcomes: a message finds room for all its outcomes', () => {
    const { outcomes, outbound } = bed();
    for (let i = 0; i <= TRANSACTIONS_MAX; i++) outcomes.add(i, REQUEST_STATUS_SUCCESS, 0);
    outbound.acquire = () => NO_FRAME;
    outcomes.expect(0);
  });
  trips('send outcomes: an outcome finds room', () => {
    const { outcomes } = bed();
    for (let i = 0; i <= 2 * TRANSACTIONS_MAX; i++) outcomes.add(i, REQUEST_STATUS_SUCCESS, 0);
  });
  trips('send outcomes: a status fits its byte', () => bed().outcomes.add(0, 0x100, 0));
  trips('send outcomes: a code fits its half word', () => bed().outcomes.add(0, 0, -1));
  trips('send outcomes: the outcomes of a message fit a frame', () => checkOutcomeLimits(14, 26));
  trips('send outcomes: the outcomes of one message fit the frames that are free for it, however small', () =>
    checkOutcomeLimits(13, 26, 8),
  );
  trips('send outcomes: what may wait fits the frames that are free for one request', () =>
    checkOutcomeLimits(13, 53),
  );
});

describe('connection replies', () => {
  trips('connection replies: only a connect under way is answered', () => {
    const { connections, sockets } = bed();
    connections.tellConnect(0, sockets[0]);
  });
  trips('connection replies: a number is freed after its connect has been answered', () => {
    const { card, connections, sockets } = bed();
    card.create(0, STREAM);
    sockets[0].pending = 1 | 16;
    connections.tellClose(0, sockets[0]);
  });
  trips('connection replies: a number is freed after the stack has let its connection go', () => {
    const { card, connections, sockets } = bed();
    card.create(0, STREAM);
    connections.tellClose(0, sockets[0]);
  });
  trips('connection replies: a listener gives a number that was posted at it', () => {
    const { connections, sockets } = bed();
    connections['unlinkHead'](sockets[0]);
  });
  trips('connection replies: the list of a listener holds posted numbers', () => {
    const { connections, sockets } = bed();
    Object.assign(sockets[0], { kind: KIND_LISTENER, postedHead: 1, postedTail: 1 });
    connections['returnHead'](0, sockets[0], 22);
  });
  trips('connection replies: a number that comes back without a connection has an errno', () => {
    const { connections, sockets } = bed();
    connections['returnHead'](0, sockets[0], 0);
  });
  trips('connection replies: a number that is answered was posted', () => {
    const { connections, sockets } = bed();
    sockets[1].kind = KIND_FREE;
    connections.tellUnposted(1, sockets[1]);
  });
  trips('connection replies: a posted number is answered with a connection or with an errno', () => {
    const { connections, sockets } = bed();
    Object.assign(sockets[1], { kind: KIND_POSTED, postedFor: 0 });
    connections.tellUnposted(1, sockets[1]);
  });
  trips('connection replies: a frame was free before a number left its listener', () => {
    const { connections, sockets, outbound } = bed();
    Object.assign(sockets[1], { kind: KIND_POSTED, postedFor: 0, unpostErrno: 103 });
    outbound.acquire = () => NO_FRAME;
    connections.tellUnposted(1, sockets[1]);
  });
});

describe('delivery', () => {
  /** Two connected streams, and four bytes sent from one that have reached the other. */
  const readable = () => {
    const parts = bed();
    const { card } = parts;
    card.pair(0, 1, 2);
    card.ask(s.SOCKET_SEND, [0, 0, 0xd5000004 | 0, 3, card.bufferAddress(3)], { sglWord: 6 });
    return parts;
  };
  trips('data delivery: a readable stream fills a bucket, and no more', () => {
    const { card, data, stack, sockets } = readable();
    stack.tcpTake = () => 0;
    card.module['buckets'].post(card.bucketAddress(0), card.receive.bufferBytes, 1);
    data.tellStream(1, sockets[1]);
  });
  trips('data delivery: what is urgent is one byte', () => {
    const { data, stack, sockets } = readable();
    stack.tcpUrgentDistance = () => 0;
    stack.tcpUrgentByte = () => 256;
    sockets[1].pending |= PENDING_URGENT;
    data.tellStream(1, sockets[1]);
  });
  trips('data delivery: only a stream has bytes that wait to be sent', () => {
    const { card, data, stack, sockets } = readable();
    stack.tcpGetOption = () => 1;
    stack.tcpUnsentBytes = () => 0;
    stack.tcpSentSeq = () => sockets[1].firstSeq + 9;
    card.module['buckets'].post(card.bucketAddress(0), card.receive.bufferBytes, 1);
    Object.assign(sockets[1], { kind: KIND_LISTENER });
    data.tellSent(1, sockets[1]);
  });
  /** A datagram socket with a datagram of four bytes. */
  const received = () => {
    const parts = bed();
    const { card, stack, sockets } = parts;
    card.create(0, DATAGRAM);
    card.module['buckets'].post(card.bucketAddress(0), card.receive.bufferBytes, 1);
    let left = 1;
    stack.udpReadable = () => (left-- > 0 ? 4 : -1);
    return { ...parts, socket: sockets[0] };
  };
  trips('data delivery: a datagram is given whole, or cut where its bucket ends', () => {
    const { data, stack, socket } = received();
    stack.udpTake = () => 5;
    data.tellDatagrams(0, socket);
  });
  trips('data delivery: an error of a datagram socket is told once', () => {
    const { data, stack, socket } = received();
    stack.udpReadable = () => -1;
    stack.udpError = () => 111;
    stack.udpGetOption = () => 111;
    data.tellDatagrams(0, socket);
  });
  trips('pending replies: nothing is pending of a number that is free', () => {
    const { pending, pendingReplies, connections, sockets } = bed();
    Object.assign(sockets[0], { kind: KIND_STREAM });
    pending.note(0, 16);
    connections.tellClose = (_id, socket) => {
      socket.kind = KIND_FREE;
      return true;
    };
    pendingReplies.deliver();
  });
});

describe('the groups of the device', () => {
  trips('device groups: a number of the device fits its field', () => numbers(1, [['Mtu', 2, 65536]]));
  trips('device groups: a device has an address to tell of', () =>
    addressGroup({ addressEntries: () => [], latestConflict: () => undefined as never }),
  );
  trips('device groups: every field of the statistics shows a counter', () => checkStatistics(23));
});
