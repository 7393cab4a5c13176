/**
 * What went wrong with drivers of I2O cards in practice, each as a test of this driver. Details are tested
 * where they belong (test/osm, test/i2o, test/iop); here is one proof of each, that can fail. Formats and
 * cards have files of their own.
 */
import { describe, expect, it } from 'vitest';
import {
  frameFunction,
  frameTransactionContext,
  SEVERITY_PATH_STATE,
  writeFailure,
} from '../../src/i2o/frame.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import * as utility from '../../src/i2o/utility.gen.ts';
import { EVENTS_MAX } from '../../src/osm/message/device-events.ts';
import { HANDLER_CONTROL, HANDLER_EVENT } from '../../src/osm/message/handlers.ts';
import { EADDRINUSE, EAGAIN, ENETDOWN } from '../../src/socket/errno.ts';
import { Fifos } from '../i2o/fifo-bed.ts';
import { ScriptedCard } from '../osm/scripted-card.ts';

const ERROR_NO_DATA = 5 << 24;

describe('1: the card hangs', () => {
  it('and the driver waits no longer than it was told, nor tries for ever', () => {
    const card = new ScriptedCard({ controlTimeoutNs: 3e8 });
    const socketId = card.sockets.socket();
    const startNs = card.clock.nowNs;
    expect(card.sockets.bind(socketId, 0, 80)).toBe(-ENETDOWN);
    expect(card.clock.nowNs - startNs).toBeLessThan(1e9);
    expect(card.takenOf(socket.SOCKET_BIND)).toHaveLength(1);
  });
});

describe('2: the outbound port is spuriously empty', () => {
  it('and the reply behind it is found all the same', () => {
    const fifos = new Fifos();
    fifos.replies.supply();
    fifos.reply(5);
    fifos.cardReplies.publish();
    fifos.port.spuriousEmpties = 1;
    expect(fifos.takeReply()).toBe(5);
  });
});

describe('3: the reply arrives after the host has given up', () => {
  it('and answers nobody else', () => {
    const card = new ScriptedCard({ controlTimeoutNs: 1e8 });
    const socketId = card.sockets.socket();
    card.sockets.bind(socketId, 0, 80);
    const [late] = card.takenOf(socket.SOCKET_BIND);
    card.onRequest = (request) => {
      card.onRequest = () => {};
      card.status(late!, 0, 0, 80);
      card.status(request, ERROR_NO_DATA | EADDRINUSE);
    };
    expect(card.sockets.bind(socketId, 0, 81)).toBe(-EADDRINUSE);
    expect(card.counters['lateReplies']).toBe(1);
  });
});

describe('4: the host leaks a frame on its error path', () => {
  it.each(['ring', 'fifo'])('never over the %s: a frame not posted is given back', (transport) => {
    if (transport === 'fifo') {
      const fifos = new Fifos(3, 3);
      for (let i = 0; i < 20; i++) {
        expect(fifos.requests.acquire()).not.toBe(NO_FRAME);
        fifos.requests.cancel();
      }
      fifos.requests.surrender();
      while (fifos.takeRequest() !== undefined);
      fifos.cardRequests.publish();
      expect(fifos.cardRequests.freeFrames).toBe(3);
      return;
    }
    const card = new ScriptedCard();
    const connected = card.connect();
    const free = card.host.requests.framesFree;
    const wrong = [
      () => card.sockets.send(connected + 1, new Uint8Array(9), 0, 9),
      () => card.sockets.listen(connected, 3),
    ];
    for (let i = 0; i < 100; i++) for (const call of wrong) expect(call()).toBeLessThan(0);
    card.take();
    expect(card.host.requests.framesFree).toBe(free);
  });
});

describe('6: FAIL is left to every user of the driver', () => {
  it('but handled in one place: the call has its errno, the preserved frame goes home as a NOP', () => {
    const card = new ScriptedCard();
    card.onRequest = (request) => {
      if (frameFunction(request, 0) !== socket.SOCKET_BIND) return;
      const context = frameTransactionContext(request, 0);
      card.reply((w, f) =>
        writeFailure(
          w,
          f,
          DEVICE_TID,
          HOST_TID,
          socket.SOCKET_BIND,
          HANDLER_CONTROL,
          context,
          SEVERITY_PATH_STATE,
          0x85,
          0,
          0,
          -1,
        ),
      );
    };
    expect(card.sockets.bind(card.sockets.socket(), 0, 80)).toBe(-ENETDOWN);
    expect(card.counters['failuresTaken']).toBe(1);
    const fifos = new Fifos(2);
    fifos.request(1);
    fifos.cardRequests.receive();
    const mfa = fifos.cardRequests.preserve(0);
    fifos.cardRequests.release();
    fifos.requests.adopt(mfa);
    fifos.requests.cancel();
    expect(fifos.takeRequest()).toBe(0x00030001);
  });
});

describe('8: counters are bumped before there is a frame', () => {
  it('but not here: without one, nothing is counted and nothing taken', () => {
    const card = new ScriptedCard();
    const connected = card.connect();
    const { requests, transmit } = card.host;
    while (requests.framesFree > 0) requests.shutdown(requests.acquire(), 7, 1);
    const before = card.counters;
    expect(card.sockets.send(connected, new Uint8Array(9), 0, 9)).toBe(-EAGAIN);
    expect(card.counters['bytesSent']).toBe(before['bytesSent']);
    expect(card.counters['inboundPosted']).toBe(before['inboundPosted']);
    expect(transmit.inUse).toBe(0);
  });
});

describe('10: one bad element ends the whole reply', () => {
  it('but here only itself: the contexts beside it come home', () => {
    const card = new ScriptedCard();
    const connected = card.connect();
    for (let i = 0; i < 3; i++) card.sockets.send(connected, new Uint8Array(1000), 0, 1000);
    const lent = card.takenOf(socket.SOCKET_SEND).map((request) => request[7]);
    expect(card.host.transmit.inUse).toBe(3);
    card.contexts(lent[0], 15, lent[1], lent[2]);
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.counters['outboundRefused']).toBe(1);
  });
});

describe('19: events are lost without a word', () => {
  it('but here the reader is told how many, so that it can look for itself', () => {
    const card = new ScriptedCard();
    const { device } = card.sockets;
    device.registerEvents(1);
    for (let i = 0; i < EVENTS_MAX + 5; i++) {
      card.reply((w, f) =>
        utility.writeUtilEventRegisterReply(w, f, DEVICE_TID, HOST_TID, HANDLER_EVENT, 1, 1, i),
      );
      card.host.driver.poll();
    }
    const event = { indicator: -1, data: -1 };
    expect(device.nextEvent(event)).toBe(true);
    expect(event).toEqual({ indicator: 0, data: 5 });
    expect(device.nextEvent(event)).toBe(true);
    expect(event).toEqual({ indicator: 1, data: 5 });
  });
});
