/** Socket numbers of 24 bits, in the words that have room for 16 bits of them, and in tags. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { creditGrowthBytes, creditHigh, creditSocketId, creditWord } from '../../src/i2o/credit.ts';
import {
  getConnectionStateEventNewState,
  getConnectionStateEventOldState,
} from '../../src/i2o/socket.gen.ts';
import {
  isSocketNumber,
  NARROW_SOCKETS,
  NO_SOCKET,
  nextTag,
  SOCKET_ID_MAX,
  SOCKETS_MAX,
  socketNumbers,
  socketsOf,
  stateEventSocketId,
  tagIdBits,
  writeStateEvent,
} from '../../src/i2o/socket-number.ts';

const words = new Int32Array(8);
const number = fc.integer({ min: 0, max: SOCKET_ID_MAX });
const state = fc.integer({ min: 1, max: 11 });

describe('socket numbers', () => {
  it('are as many as sockets, and one more where 0xFFFF would be one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: SOCKETS_MAX }), (most) => {
        const numbers = socketNumbers(most);
        expect(socketsOf(numbers)).toBe(most);
        const left = numbers > NO_SOCKET ? 1 : 0;
        expect(numbers - left).toBe(most);
        expect(isSocketNumber(numbers - 1, numbers)).toBe(numbers - 1 !== NO_SOCKET);
        expect(isSocketNumber(numbers, numbers)).toBe(false);
        expect(socketNumbers(most, 2)).toBe(Math.min(most, NARROW_SOCKETS));
      }),
    );
    expect(socketNumbers(65_535)).toBe(65_535);
    expect(socketNumbers(65_536)).toBe(65_537);
    expect(isSocketNumber(NO_SOCKET, socketNumbers(SOCKETS_MAX))).toBe(false);
  });

  it('are whole in the data of an event, which for small ones is what it was', () => {
    fc.assert(
      fc.property(number, state, state, (socketId, before, after) => {
        writeStateEvent(words, 1, socketId, before, after);
        expect(stateEventSocketId(words, 1)).toBe(socketId);
        expect(getConnectionStateEventOldState(words, 1)).toBe(before);
        expect(getConnectionStateEventNewState(words, 1)).toBe(after);
        if (socketId < NARROW_SOCKETS) expect(words[1]).toBe(socketId | (before << 16) | (after << 24));
      }),
    );
  });

  it('are whole in a pair and its message, whatever the growth', () => {
    fc.assert(
      fc.property(number, fc.integer({ min: -0x7fff, max: 0x7fff }), (socketId, steps) => {
        const word = creditWord(socketId, steps * 256);
        const word4 = 13 | (creditHigh(socketId) << 16);
        expect(creditSocketId(word, word4)).toBe(socketId);
        expect(creditGrowthBytes(word)).toBe(steps * 256);
        if (socketId < NARROW_SOCKETS) expect(word4).toBe(13);
      }),
    );
  });

  it('are whole in a tag, which is another at the next use and never negative', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: SOCKETS_MAX + 1 }), fc.nat(70_000), (numbers, uses) => {
        const bits = tagIdBits(numbers);
        const socketId = numbers - 1;
        let tag = socketId;
        for (let i = 0; i < uses % 97; i++) tag = nextTag(tag, bits);
        expect(tag & ((1 << bits) - 1)).toBe(socketId);
        const next = nextTag(tag, bits);
        expect(next & ((1 << bits) - 1)).toBe(socketId);
        expect(next).not.toBe(tag);
        expect(nextTag((0x7fff_ffff & ~((1 << bits) - 1)) | socketId, bits)).toBe(socketId);
      }),
    );
  });
});
