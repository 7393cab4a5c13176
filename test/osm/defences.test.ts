/**
 * What hosts of I2O cards got wrong: late and stale answers, answers of other kinds,
 * lost events.
 */
import { describe, expect, it } from 'vitest';
import {
  FLAG_FAIL,
  FLAG_LAST,
  frameFunction,
  frameTransactionContext,
  SEVERITY_CONGESTION,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
  writeFailure,
} from '../../src/i2o/frame.ts';
import {
  SOCKET_BIND,
  SOCKET_CLOSE,
  SOCKET_CONNECT,
  SOCKET_CREATE,
  SOCKET_EVENT_LISTEN_OVERFLOW,
  SOCKET_SEND_TO,
  writeSocketConnectReply,
} from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID, NO_TID } from '../../src/i2o/tids.ts';
import {
  UTIL_ABORT,
  UTIL_EVENT_REGISTER,
  UTIL_PARAMS_GET,
  writeUtilAbortReply,
  writeUtilEventRegisterReply,
} from '../../src/i2o/utility.gen.ts';
import { EVENTS_MAX } from '../../src/osm/message/device-events.ts';
import { HANDLER_CONTROL, HANDLER_EVENT, HANDLER_WATCH } from '../../src/osm/message/handlers.ts';
import { replyErrno, severityErrno, statusErrno } from '../../src/osm/message/reply-status.ts';
import { FAILED, SOCK_DGRAM, WRITABLE } from '../../src/socket/contract.ts';
import { EADDRINUSE, EAGAIN, ENETDOWN, ENETUNREACH, ENOBUFS, EPROTO } from '../../src/socket/errno.ts';
import { type Request, ScriptedCard } from './scripted-card.ts';

const ERROR_NO_DATA = 5 << 24;

describe('an answer that comes after its call has given up', () => {
  it('does not answer the next call', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    expect(card.sockets.bind(socket, 0, 80)).toBe(-ENETDOWN); // nobody answers
    const [late] = card.takenOf(SOCKET_BIND);
    card.onRequest = (request) => {
      card.onRequest = () => {};
      card.status(late!, 0, 0, 80);
      card.status(request, ERROR_NO_DATA | EADDRINUSE);
    };
    expect(card.sockets.bind(socket, 0, 81)).toBe(-EADDRINUSE);
    expect(card.counters['lateReplies']).toBe(1);
    expect(card.counters['outboundRefused']).toBe(0);
  });

  it('leaves the memory its request named to the card until it comes', () => {
    const card = new ScriptedCard();
    const { device } = card.sockets;
    for (let i = 0; i < 4; i++) expect(device.statistics()).toBe(-ENETDOWN);
    expect(device.statistics()).toBe(-EAGAIN); // all of it in quarantine
    const [first] = card.takenOf(UTIL_PARAMS_GET);
    card.status(first!, 0);
    card.host.driver.poll();
    let address = 0;
    card.onRequest = (request) => {
      address = request[8]; // where the result list goes
    };
    expect(device.statistics()).toBe(-ENETDOWN);
    expect(address).toBe(first![8]); // the memory that came home, and no other
    expect(device.statistics()).toBe(-EAGAIN);
  });

  it('that nobody can have asked for is refused', () => {
    const card = new ScriptedCard();
    card.reply((w, f) => writeUtilAbortReply(w, f, DEVICE_TID, HOST_TID, HANDLER_CONTROL, 0x3fffff00, 0));
    card.host.driver.poll();
    expect(card.counters['outboundRefused']).toBe(1);
  });
});

describe('a reply of a target that was not asked', () => {
  const answer = (card: ScriptedCard, request: Request, source: number): void => {
    const [, , initiator, tag] = request as unknown as number[];
    const id = tag & 0xffff;
    card.reply((w, f) => writeSocketConnectReply(w, f, source, HOST_TID, initiator, tag, 0, 0, id, 1, 1));
    card.host.driver.poll();
  };

  it.each([
    ['another device', DEVICE_TID + 1],
    ['the executive', IOP_TID],
    ['nobody', NO_TID],
  ])('(%s) is refused and counted', (_name, source) => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    card.sockets.connect(socket, 1, 80);
    const [request] = card.takenOf(SOCKET_CONNECT);
    answer(card, request!, source);
    expect(card.sockets.readiness(socket)).toBe(0); // still connecting
    expect(card.counters['outboundRefused']).toBe(1);
    answer(card, request!, DEVICE_TID);
    expect(card.sockets.readiness(socket)).toBe(WRITABLE);
    expect(card.counters['outboundRefused']).toBe(1);
  });

  it('is refused of the device where the executive was asked', () => {
    const card = new ScriptedCard();
    card.reply((w, f) =>
      writeUtilEventRegisterReply(w, f, DEVICE_TID, HOST_TID, HANDLER_WATCH, 1, 0x01000000, 0),
    );
    card.host.driver.poll();
    expect(card.counters['outboundRefused']).toBe(1);
  });
});

describe('a stale generation', () => {
  it('of a socket number changes nothing of its next use', () => {
    const card = new ScriptedCard({ socketsMax: 1 });
    const { sockets } = card;
    const first = sockets.socket();
    sockets.connect(first, 1, 80);
    const [old] = card.takenOf(SOCKET_CONNECT);
    sockets.close(first);
    card.status(card.takenOf(SOCKET_CLOSE)[0], 0, first);
    const second = sockets.socket();
    expect(second).toBe(first);
    sockets.connect(second, 1, 80);
    card.status(old!, 0, second, 1);
    card.host.driver.poll();
    expect(sockets.readiness(second)).toBe(0); // still connecting
    expect(card.counters['outboundRefused']).toBe(1);
  });

  it('of a datagram tells its error to nobody', () => {
    const card = new ScriptedCard({ socketsMax: 1 });
    const { sockets } = card;
    const first = sockets.socket(SOCK_DGRAM);
    sockets.sendTo(first, new Uint8Array(9), 0, 9, 1, 9);
    const [old] = card.takenOf(SOCKET_SEND_TO);
    sockets.close(first);
    card.status(card.takenOf(SOCKET_CLOSE)[0], 0, first);
    const second = sockets.socket(SOCK_DGRAM);
    card.status(old!, ERROR_NO_DATA | ENETUNREACH);
    card.host.driver.poll();
    expect(sockets.readiness(second)).toBe(WRITABLE);
    expect(card.counters['lateReplies']).toBe(1);
  });
});

describe('a failure record', () => {
  it('is no success, though where a status would be it has none', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    const severities = [SEVERITY_FORMAT_ERROR, SEVERITY_PATH_STATE, SEVERITY_CONGESTION];
    const answers = severities.map((severity) => {
      card.onRequest = (request: Request) => {
        if (frameFunction(request, 0) !== SOCKET_BIND) return;
        card.reply((w, f) => {
          writeFailure(
            w,
            f,
            DEVICE_TID,
            HOST_TID,
            SOCKET_BIND,
            HANDLER_CONTROL,
            frameTransactionContext(request, 0),
            severity,
            1,
            0,
            0,
            -1,
          );
          w[f + 4] &= 0x00ffffff; // no failure code, so that word 4 reads as the status SUCCESS
        });
      };
      return card.sockets.bind(socket, 0, 80);
    });
    expect(answers).toEqual([-EPROTO, -ENETDOWN, -EAGAIN]);
    expect(card.counters['failuresTaken']).toBe(3);
  });

  it.each([
    [0, EPROTO],
    [SEVERITY_FORMAT_ERROR, EPROTO],
    [SEVERITY_PATH_ERROR, ENETDOWN],
    [SEVERITY_PATH_STATE, ENETDOWN],
    [SEVERITY_CONGESTION, EAGAIN],
    [SEVERITY_FORMAT_ERROR | SEVERITY_CONGESTION, EPROTO],
    [SEVERITY_PATH_STATE | SEVERITY_CONGESTION, ENETDOWN],
    [SEVERITY_PATH_ERROR | SEVERITY_FORMAT_ERROR, EPROTO],
    [0xf0, EPROTO],
  ])('of severity %i is errno %i', (severity, errno) => {
    expect(severityErrno(severity)).toBe(errno);
  });

  it('of a socket that could not be made is its first error', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    const [request] = card.takenOf(SOCKET_CREATE);
    card.answer(request!, FLAG_LAST | FLAG_FAIL, SEVERITY_PATH_STATE << 16, 0, 0, 0, 0);
    card.host.driver.poll();
    expect(card.sockets.readiness(socket) & FAILED).toBe(FAILED);
  });
});

describe('a status word', () => {
  it('is read only where there is one', () => {
    const reply = new Int32Array(32);
    writeUtilAbortReply(reply, 0, DEVICE_TID, HOST_TID, HANDLER_CONTROL, 1, 0x05000003);
    expect(replyErrno(reply, 0)).toBe(0);
    writeUtilEventRegisterReply(reply, 0, DEVICE_TID, HOST_TID, HANDLER_EVENT, 1, 0x01000000, 0);
    expect(replyErrno(reply, 0)).toBe(0);
    reply[1] = (reply[1] & 0xffffff) | (UTIL_PARAMS_GET << 24);
    reply[4] = ERROR_NO_DATA | EADDRINUSE;
    expect(replyErrno(reply, 0)).toBe(EADDRINUSE);
    expect(UTIL_ABORT).not.toBe(UTIL_EVENT_REGISTER);
  });

  it.each([
    [0, 0],
    [0x00000007, 0], // a code beside success says nothing
    [0x05000000 | EADDRINUSE, EADDRINUSE],
    [0x0b000000 | EADDRINUSE, EPROTO], // a transaction error's code is never an errno
    [0x05000000, EPROTO],
    [0x05000019, 95], // an unknown function is no errno 25
  ])('0x%s is errno %i', (word, errno) => {
    expect(statusErrno(word)).toBe(errno);
  });
});

describe('events', () => {
  const event = { indicator: -1, data: -1 };

  function raise(
    card: ScriptedCard,
    indicator: number,
    data: number,
    functionCode = UTIL_EVENT_REGISTER,
  ): void {
    card.reply((w, f) => {
      writeUtilEventRegisterReply(w, f, DEVICE_TID, HOST_TID, HANDLER_EVENT, 1, indicator, data);
      w[f + 1] = (w[f + 1] & 0xffffff) | (functionCode << 24);
    });
    card.host.driver.poll();
  }

  it('come in order, whatever their indicator would say as a status', () => {
    const card = new ScriptedCard();
    const { device } = card.sockets;
    expect(device.registerEvents(-1)).toBe(0);
    expect(card.takenOf(UTIL_EVENT_REGISTER)[0][4]).toBe(-1);
    for (const indicator of [1, 0x0b000000, 0x80000000]) raise(card, indicator, indicator >>> 8);
    for (const indicator of [1, 0x0b000000, 0x80000000]) {
      expect(device.nextEvent(event)).toBe(true);
      expect(event).toEqual({ indicator, data: (indicator >>> 8) | 0 });
    }
    expect(device.nextEvent(event)).toBe(false);
  });

  it('that nobody reads give way, oldest first, and the reader is told how many', () => {
    const card = new ScriptedCard();
    const { device } = card.sockets;
    device.registerEvents(SOCKET_EVENT_LISTEN_OVERFLOW);
    for (let i = 0; i < EVENTS_MAX + 5; i++) raise(card, SOCKET_EVENT_LISTEN_OVERFLOW, i);
    expect(card.counters['eventsDropped']).toBe(5);
    device.nextEvent(event);
    expect(event).toEqual({ indicator: 0, data: 5 });
    for (let i = 5; i < EVENTS_MAX + 5; i++) {
      device.nextEvent(event);
      expect(event).toEqual({ indicator: SOCKET_EVENT_LISTEN_OVERFLOW, data: i });
    }
    expect(device.nextEvent(event)).toBe(false);
  });

  it('that nobody asked for, or that are none, are refused', () => {
    const card = new ScriptedCard();
    const { device } = card.sockets;
    raise(card, 1, 0);
    device.registerEvents(2);
    raise(card, 1, 0);
    raise(card, 2, 0, SOCKET_BIND);
    expect(card.counters['outboundRefused']).toBe(3);
    expect(device.nextEvent(event)).toBe(false);
    raise(card, 0, 0); // the registration has ended
    raise(card, 2, 0);
    expect(card.counters['outboundRefused']).toBe(4);
  });
});

describe('no frame', () => {
  it('leaves nothing counted and nothing taken', () => {
    const card = new ScriptedCard();
    const stream = card.connect();
    const socket = card.sockets.socket(SOCK_DGRAM);
    const { requests, transmit } = card.host;
    while (requests.framesFree > 0) requests.shutdown(requests.acquire(), 7, 1); // nobody takes them
    card.onRequest = () => {};
    const before = card.counters;
    const full = requests.framesFree === 0;
    if (full) {
      expect(card.sockets.send(stream, new Uint8Array(9), 0, 9)).toBe(-EAGAIN);
      expect(card.sockets.sendTo(socket, new Uint8Array(9), 0, 9, 1, 1)).toBe(-EAGAIN);
    }
    const after = card.counters;
    for (const name of ['bytesSent', 'datagramsSent', 'memoryTransmitTaken', 'inboundPosted']) {
      expect(after[name]).toBe(before[name]);
    }
    expect(transmit.inUse).toBe(0);
  });
});

describe('a datagram the card refuses', () => {
  it('is told once by the next call, unless its queue was only full', () => {
    const card = new ScriptedCard();
    const { sockets } = card;
    const socket = sockets.socket(SOCK_DGRAM);
    const send = (): number => sockets.sendTo(socket, new Uint8Array(9), 0, 9, 1, 9);
    expect(send()).toBe(9);
    card.status(card.takenOf(SOCKET_SEND_TO)[0], ERROR_NO_DATA | ENOBUFS);
    card.host.driver.poll();
    expect(send()).toBe(9);
    card.status(card.takenOf(SOCKET_SEND_TO)[0], ERROR_NO_DATA | ENETUNREACH);
    card.host.driver.poll();
    expect(send()).toBe(-ENETUNREACH);
    expect(send()).toBe(9);
    expect(card.counters['datagramsUnsent']).toBe(2);
  });
});
