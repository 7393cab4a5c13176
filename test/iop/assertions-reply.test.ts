/** Faults injected into replies, lists and answers: each trips the assertion that guards against it. */
import { describe } from 'vitest';
import { PRIVATE_ECHO, writePrivateEcho } from '../../src/i2o/executive.gen.ts';
import { SGL_PIECE_IMMEDIATE } from '../../src/i2o/list/sgl-reader.ts';
import { DEVICE_TID, HOST_TID, ORGANIZATION_ID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { ECHO } from '../../src/iop/echo/echo-module.ts';
import { AnswerPlace } from '../../src/iop/lists/answer-place.ts';
import { ControlLists, RESULT_BYTES_MAX } from '../../src/iop/lists/control-lists.ts';
import { Outbound } from '../../src/iop/reply/outbound.ts';
import { PendingRequest } from '../../src/iop/reply/pending-request.ts';
import { trips } from '../rules/trips.ts';
import { BareCard } from './bed.ts';
import { echoOn } from './echo.ts';

const card = new BareCard();
const { region, memory, ledger } = card;
/** A frame of the outbound ring, to be read as a request. */
const REQUEST = memory.layout.outbound >> 2;

/** Replies over a producer that gives what it is told to. */
function outbound(frame = REQUEST, waiting = 0): Outbound {
  const producer = {
    ...{ acquire: () => frame, post: () => {}, cancel: () => {}, publish: () => 0, available: () => 1 },
    ...{ armForFree: () => false, adopt: () => NO_FRAME, surrender: () => {}, restart: () => waiting },
    ...{ inUse: 0, broken: false },
  };
  return new Outbound(region.words, producer, ledger);
}

function pending(): PendingRequest {
  const request = new PendingRequest();
  request.hold(region.words, REQUEST);
  return request;
}

describe('a reply', () => {
  trips('outbound: the frame before this one was posted or cancelled', () => {
    const replies = outbound();
    replies.acquire();
    replies.acquire();
  });
  trips('outbound: a frame is acquired before it is posted', () => outbound().post());
  trips('outbound: a frame holds every reply that has no list', () => outbound().grant(16));
  trips('outbound: a reply is no longer than the host has granted', () => {
    const replies = outbound();
    replies.grant(17);
    region.words[replies.acquire()] = 18 << 16;
    replies.post();
  });
  trips('outbound: a reset destroys as many replies as wait, or none', () =>
    outbound(REQUEST, -1).restart(() => {}),
  );
  trips('outbound: a request that waited is answered once', () => {
    const replies = outbound();
    const request = pending();
    replies.answer(request, 0, 0);
    replies.answer(request, 0, 0);
  });
  trips('outbound: a request whose progress is told is open', () =>
    outbound().progress(new PendingRequest(), 0),
  );
  trips('outbound: a request is refused for a reason', () => outbound().refused(REQUEST, 0));
  trips('outbound: what is wrong is a bit of the message', () =>
    outbound().transactionError(REQUEST, 1, 128, 0),
  );
  trips('outbound: a transaction error finds a free frame', () =>
    outbound(NO_FRAME).transactionError(REQUEST, 1, 0, 0),
  );
  trips('outbound: a failure record says what failed', () => outbound().failure(REQUEST, 0, 1));
  trips('outbound: a failure record finds a free frame', () => outbound(NO_FRAME).failure(REQUEST, 1, 1));
  trips('outbound: a status is a reply', () => outbound()['writeStatus'](0, 0, 1, 0, 0, 0, 0));
  trips('outbound: a status finds a free frame', () => outbound(NO_FRAME).status(REQUEST, 0, 0));
  trips('outbound: a status has 8 bits and a detailed status 16', () =>
    outbound().status(REQUEST, 0, 0x10000),
  );
  trips('pending request: one that is open is not overwritten', () => pending().hold(region.words, REQUEST));
});

describe('the echo module', () => {
  trips('echo: a request finds a free frame for its answer', () => {
    writePrivateEcho(region.words, REQUEST, DEVICE_TID, HOST_TID, 1, 2, ECHO, ORGANIZATION_ID, 0);
    echoOn(outbound(NO_FRAME)).request(REQUEST, PRIVATE_ECHO, 6);
  });
});

describe('lists and answers', () => {
  const start = memory.layout.control;
  const lists = (): ControlLists => new ControlLists(region, start, start + 4096);

  trips('control lists: the control area lies in the region', () => new ControlLists(region, start, start));
  trips('control lists: a list begins behind the header', () => lists().open(REQUEST, 2, 8));
  trips('control lists: a page has a power of two of bytes', () => {
    lists().hostPageBytes = 1000;
  });
  trips('control lists: an answer fits where it was made', () => {
    lists().answer(new AnswerPlace(), RESULT_BYTES_MAX + 1);
  });
  trips('control lists: an answer is written in the control area', () => {
    const place = new AnswerPlace();
    place.add(start - 8, 8);
    lists().answer(place, 8);
  });
  trips('control lists: what is read fits the buffer', () => {
    const broken = lists();
    broken.requestBytes = -8;
    broken['take'](SGL_PIECE_IMMEDIATE);
  });
  trips('answer place: there is room for a piece', () => new AnswerPlace(0));
  trips('answer place: a piece has a length', () => new AnswerPlace().add(start, -1));
  trips('answer place: a copy has as many bytes', () => {
    const place = new AnswerPlace();
    place.add(start, 8);
    place.byteLength = 9;
    new AnswerPlace().copy(place);
  });
});
