/** What the fuzzer found on the card (`npm run fuzz -- --side card`), each as the frames that showed it. */
import { describe, expect, it } from 'vitest';
import { FLAG_FAIL } from '../../src/i2o/frame.ts';
import { SGL_BUCKET, SGL_LAST, writeSglContext } from '../../src/i2o/list/sgl.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { EBADF } from '../../src/socket/errno.ts';
import { bringUp } from '../fuzz/tame-host.ts';
import { BareCard } from '../iop/bed.ts';

const LOOPBACK = 0x7f000001;
const INVALID_OFFSET = 0x10;
const INVALID_PARAMETER = 0x11;
const MESSAGE_TOO_SMALL = 0x15;

function card(): BareCard {
  const made = new BareCard({ driver: { socketsMax: 16 } });
  bringUp(made);
  return made;
}

/** ReqStatus and DetailedStatus of the replies to transaction 7. */
function answers(replies: readonly Int32Array[]): number[][] {
  const mine = replies.filter((reply) => reply[3] === 7 && ((reply[0] >>> 8) & FLAG_FAIL) === 0);
  return mine.map((reply) => [reply[4] >>> 24, reply[4] & 0xffff]);
}

describe('a request in the turn in which its socket was closed', () => {
  const later: readonly [string, (w: Int32Array, f: number) => void][] = [
    ['bind', (w, f) => socket.writeSocketBind(w, f, DEVICE_TID, HOST_TID, 0, 7, 1, 0, 0, 5000)],
    ['connect', (w, f) => socket.writeSocketConnect(w, f, DEVICE_TID, HOST_TID, 0, 7, 1, 0, LOOPBACK, 5000)],
    ['listen', (w, f) => socket.writeSocketListen(w, f, DEVICE_TID, HOST_TID, 0, 7, 1, 0, 4)],
    ['shutdown', (w, f) => socket.writeSocketShutdown(w, f, DEVICE_TID, HOST_TID, 0, 7, 1, 0, 2)],
    ['option', (w, f) => socket.writeSocketOptionGet(w, f, DEVICE_TID, HOST_TID, 0, 7, 1, 1)],
    ['status', (w, f) => socket.writeSocketStatusGet(w, f, DEVICE_TID, HOST_TID, 0, 7, 1)],
  ];
  it.each(later)('%s: the socket is gone, and the card is not', (_, request) => {
    const bare = card();
    bare.post((w, f) => socket.writeSocketCreate(w, f, DEVICE_TID, HOST_TID, 0, 0, 1, 0, 1));
    bare.run();
    bare.post((w, f) => socket.writeSocketClose(w, f, DEVICE_TID, HOST_TID, 0, 0, 1));
    bare.post(request);
    expect(answers(bare.run())).toEqual([[0x05, EBADF]]);
  });
});

describe('SocketReceiveCredit', () => {
  const credit = (count: number, sizeWords: number): number[][] => {
    const bare = card();
    bare.post((w, f) => {
      socket.writeSocketReceiveCredit(w, f, DEVICE_TID, HOST_TID, 0, 7, count, 0, sizeWords);
      for (let i = 0; i < 13; i++) w[f + 6 + i * 2] = 100;
    });
    return answers(bare.run());
  };
  it('holds 13 pairs', () => expect(credit(13, 31)).toEqual([]));
  it('names a count out of range', () => {
    expect(credit(14, 31)).toEqual([[0x0b, INVALID_PARAMETER]]);
    expect(credit(0, 31)).toEqual([[0x0b, INVALID_PARAMETER]]);
  });
  it('names a list that does not fit', () => expect(credit(3, 10)).toEqual([[0x0b, MESSAGE_TOO_SMALL]]));
});

describe('SocketReceivePost', () => {
  it('is refused when no element of its list is the last', () => {
    const post = (last: number): number[] => {
      const bare = card();
      const { offset, bufferBytes } = bare.memory.layout.receive;
      bare.post((w, f) => {
        socket.writeSocketReceivePost(w, f, DEVICE_TID, HOST_TID, 0, 1, 7);
        writeSglContext(w, f + 4, SGL_BUCKET | last, bufferBytes, 0, offset);
      });
      return bare.run().map((reply) => reply[4] & 0xffff);
    };
    expect(post(0)).toEqual([INVALID_OFFSET]);
    expect(post(SGL_LAST)).toEqual([]);
  });
});
