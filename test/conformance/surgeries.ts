/** What is done to a good trace, and the rule that must be the first to tell of it. */
import { INBOUND, OUTBOUND, SIDE_CARD, SIDE_HOST } from '../../src/trace/sink.ts';
import {
  ACCEPT_POST,
  BIND,
  CLOSE,
  CONNECT,
  CREATE,
  deviceEvent,
  hasData,
  isContexts,
  isOwner,
  OPTION_GET,
  OUTBOUND_INIT,
  RECEIVE_CREDIT,
  RECEIVE_POST,
  reply,
  request,
  SEND,
  STATUS_GET,
  type Surgery,
  SYS_ENABLE,
  whole,
} from './surgery-cuts.ts';
import { type FrameEvent, set, type TapeEvent } from './trace-surgery.ts';

export const SURGERIES: readonly Surgery[] = [
  { name: 'version 2.0 in a request', rule: 'H-01', cut: request(BIND, [0, 0, 3, 2]) },
  { name: 'bit 3 beside the version', rule: 'H-01', cut: reply(BIND, [0, 3, 3, 1]) },
  { name: 'size 0', rule: 'H-02', cut: request(CONNECT, [0, 16, 31, 0]) },
  { name: 'size 0xFFFF', rule: 'H-02', cut: reply(CONNECT, [0, 16, 31, 0xffff]) },
  { name: 'FAIL in a request', rule: 'H-03', cut: request(BIND, [0, 13, 13, 1]) },
  { name: 'a reply without REPLY', rule: 'H-04', cut: reply(BIND, [0, 15, 15, 0]) },
  { name: 'list offset inside the header', rule: 'H-05', cut: request(SEND, [0, 4, 7, 1]) },
  { name: 'sent to TID 1', rule: 'H-06', cut: request(BIND, [1, 0, 11, 1]) },
  { name: 'answered to TID 0', rule: 'H-07', cut: reply(BIND, [1, 12, 23, 0]) },
  { name: 'a function nobody has', rule: 'H-08', cut: request(OPTION_GET, [1, 24, 31, 0x6a]) },
  { name: 'element of 0 bytes', rule: 'S-04', cut: request(RECEIVE_POST, [4, 0, 23, 0]) },
  { name: 'reserved element', rule: 'S-01', cut: request(RECEIVE_POST, [4, 24, 31, 0x34]) },
  { name: 'two LAST_ELEMENTs', rule: 'S-06', cut: request(RECEIVE_POST, [4, 31, 31, 1]) },
  { name: 'bucket that begins off by 4', rule: 'S-05', cut: request(RECEIVE_POST, [6, 2, 2, 1]) },
  { name: 'MULTIPLE in a send of one', rule: 'S-08', cut: request(SEND, [0, 12, 12, 1]) },
  { name: 'ReqStatus nobody knows', rule: 'F-04', cut: reply(BIND, [4, 24, 31, 7]) },
  { name: 'errno of another message', rule: 'F-05', cut: reply(BIND, [4, 0, 31, (5 << 24) | 104]) },
  { name: 'element size of a reply list', rule: 'F-06', cut: reply(RECEIVE_POST, [3, 8, 15, 2]) },
  { name: 'record past its bucket', rule: 'F-07', cut: reply(RECEIVE_POST, [8, 0, 23, 0x7ff]) },
  {
    name: 'end of stream that has a status',
    rule: 'F-07',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, RECEIVE_POST, 1, (f) => f.words[6] === -1 && f.words[8] >>> 24 === 2);
      set(frame, 9, 24, 31, 5);
      return frame;
    },
  },
  {
    name: 'end of stream and error at once',
    rule: 'F-07',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, RECEIVE_POST, 1, (f) => f.words[6] === -1 && f.words[8] >>> 24 === 2);
      set(frame, 8, 24, 31, 3);
      return frame;
    },
  },
  {
    name: 'one bucket fewer left',
    rule: 'B-08',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, RECEIVE_POST, 2, hasData);
      frame.words[5] = frame.words[5] - 1;
      return frame;
    },
  },
  {
    name: 'one bucket more left',
    rule: 'B-08',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, RECEIVE_POST, 2, hasData);
      frame.words[5] = frame.words[5] + 1;
      return frame;
    },
  },
  {
    name: 'a request twice',
    rule: 'C-07',
    transport: 'ring',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, OPTION_GET);
      tape.insert(tape.at(frame) + 1, ...whole(tape, frame).map((event) => ({ ...event })));
      return tape.events[tape.at(frame) + 2] as FrameEvent;
    },
  },
  {
    name: 'a frame posted twice, acquired once',
    rule: 'C-01',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, OPTION_GET);
      const again = { ...frame };
      tape.insert(tape.at(frame) + 1, again);
      return again;
    },
  },
  {
    name: 'a reply twice',
    rule: 'T-02',
    transport: 'fifo',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, OPTION_GET);
      const [again, released] = whole(tape, frame).map((event) => ({ ...event })) as [FrameEvent, TapeEvent];
      tape.insert(tape.at(frame) + 2, again, released);
      return again;
    },
  },
  {
    name: 'a reply lost',
    rule: 'T-03',
    end: true,
    transport: 'fifo',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, OPTION_GET);
      tape.drop(...whole(tape, frame));
      for (const side of [tape.finish!.host, tape.finish!.iop] as Record<string, number>[]) {
        for (const counter of ['outboundPosted', 'outboundReleased']) if (side[counter]) side[counter] -= 1;
      }
      return undefined;
    },
  },
  {
    name: 'a reply before its request',
    rule: 'T-01',
    transport: 'fifo',
    cut: (tape) => {
      const answer = tape.nth(OUTBOUND, CONNECT);
      const events = whole(tape, answer);
      tape.drop(...events);
      const first = tape.nth(INBOUND, CONNECT);
      for (const event of events) event.timeNs = tape.events[tape.at(first) - 1].timeNs;
      tape.insert(tape.at(first) - 1, ...events);
      return answer;
    },
  },
  { name: 'LAST missing', rule: 'T-06', cut: reply(BIND, [0, 14, 14, 0]) },
  { name: 'LAST in an event', rule: 'T-06', cut: deviceEvent([0, 14, 14, 1]) },
  { name: 'an event nobody registered for', rule: 'T-01', cut: deviceEvent([4, 0, 31, 8]) },
  { name: 'an event of two kinds', rule: 'F-09', cut: deviceEvent([4, 0, 31, 5]) },
  { name: 'an event of a socket there is not', rule: 'F-09', cut: deviceEvent([5, 0, 15, 0x7fff]) },
  { name: 'a reply to other contexts', rule: 'T-05', cut: reply(BIND, [3, 0, 31, 0x1234]) },
  { name: 'records for another initiator', rule: 'T-05', cut: reply(RECEIVE_POST, [2, 0, 31, 3]) },
  {
    name: 'numbers posted that never came back',
    rule: 'T-03',
    end: true,
    transport: 'fifo',
    cut: (tape) => {
      const left = tape.frames(OUTBOUND, ACCEPT_POST, (frame) => frame.words[4] >>> 24 !== 0);
      tape.drop(...left.flatMap((frame) => whole(tape, frame)));
      for (const side of [tape.finish!.host, tape.finish!.iop] as Record<string, number>[]) {
        for (const counter of ['outboundPosted', 'outboundReleased'])
          if (side[counter]) side[counter] -= left.length;
      }
      return undefined;
    },
  },
  {
    name: 'a bucket posted twice',
    rule: 'B-01',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, RECEIVE_POST);
      for (const word of [1, 2]) frame.words[7 + word] = frame.words[4 + word];
      return frame;
    },
  },
  {
    name: 'a context returned twice',
    rule: 'B-06',
    cut: (tape) => {
      const [first, second] = tape.frames(OUTBOUND, SEND, isContexts) as [FrameEvent, FrameEvent];
      second.words[5] = first.words[5];
      return second;
    },
  },
  {
    name: 'a record for a socket that is free',
    rule: 'K-02',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, RECEIVE_POST, 1, hasData);
      set(frame, 7, 0, 15, 60);
      return frame;
    },
  },
  {
    name: 'credit for more than came',
    rule: 'R-05',
    cut: (tape) => {
      const socket = tape.nth(OUTBOUND, RECEIVE_POST, 1, hasData).words[7] & 0xffff;
      const frame = tape.nth(INBOUND, OPTION_GET);
      frame.words.fill(0);
      frame.words.set([(7 << 16) | 1, (RECEIVE_CREDIT << 24) | 0x001010, 1, 1, 1, socket, 0x100000]);
      return frame;
    },
  },
  {
    name: 'a socket made before bring-up is done',
    rule: 'I-02',
    cut: (tape) => {
      const enable = tape.nth(INBOUND, SYS_ENABLE);
      enable.words = tape.nth(INBOUND, CREATE).words.slice();
      return enable;
    },
  },
  {
    name: 'OutboundInit left 7',
    rule: 'I-04',
    cut: (tape) => {
      const init = tape.nth(INBOUND, OUTBOUND_INIT);
      const polled = tape.after(init, (event): event is TapeEvent => event.kind === 'polled');
      if (polled.kind === 'polled') polled.value = 7;
      return init;
    },
  },
  {
    name: 'OutboundInit never done',
    rule: 'I-01',
    cut: (tape) => {
      const init = tape.nth(INBOUND, OUTBOUND_INIT);
      tape.drop(tape.after(init, (event): event is TapeEvent => event.kind === 'polled'));
      return tape.events[
        tape.events.findIndex((e) => e.kind === 'frame' && e.words[1] >>> 24 === 0xa8)
      ] as FrameEvent;
    },
  },
  {
    name: 'memory polled that nobody named',
    rule: 'I-04',
    cut: (tape) => {
      const init = tape.nth(INBOUND, OUTBOUND_INIT);
      tape.insert(tape.at(init) + 1, {
        kind: 'polled',
        timeNs: init.timeNs,
        address: tape.start!.memory.control.offset + 4000,
        value: 4,
      });
      return init;
    },
  },
  {
    name: 'status block in a pool',
    rule: 'S-05',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, STATUS_GET, 2);
      frame.words[6] = tape.start!.memory.receive.offset;
      return frame;
    },
  },
  {
    name: 'an acquired frame forgotten',
    rule: 'C-05',
    end: true,
    cut: (tape) => {
      const slot = tape.start!.memory.inbound.count - 1;
      tape.insert(tape.events.length, {
        kind: 'owner',
        direction: INBOUND,
        timeNs: tape.endNs,
        slot,
        side: SIDE_HOST,
      });
      return undefined;
    },
  },
  {
    name: 'a reply never released',
    rule: 'C-05',
    end: true,
    transport: 'fifo',
    cut: (tape) => {
      const last = tape.events
        .filter((e): e is FrameEvent => e.kind === 'frame' && e.direction === OUTBOUND)
        .at(-1)!;
      tape.drop(tape.after(last, isOwner(OUTBOUND, SIDE_CARD)));
      return undefined;
    },
  },
  {
    name: 'a slot the card does not have',
    rule: 'C-06',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, OPTION_GET);
      frame.slot = 4000;
      return frame;
    },
  },
  {
    name: 'a preserved frame never given back',
    rule: 'T-07',
    end: true,
    transport: 'fifo',
    cut: (tape) => {
      const nops = tape.frames(INBOUND, 0x00);
      tape.drop(...whole(tape, nops.at(-1)!));
      (tape.finish!.host as Record<string, number>)['inboundPosted'] -= 1;
      return undefined;
    },
  },
  {
    name: 'a failure that preserves another frame',
    rule: 'T-07',
    transport: 'fifo',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, OPTION_GET, 1, ({ words }) => ((words[0] >>> 8) & 0x20) !== 0);
      frame.words[7] = 3;
      return frame;
    },
  },
  {
    name: 'a failure of no severity',
    rule: 'H-09',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, OPTION_GET, 1, ({ words }) => ((words[0] >>> 8) & 0x20) !== 0);
      set(frame, 4, 16, 23, 0);
      return frame;
    },
  },
  {
    name: 'time that falls',
    rule: 'N-02',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, CLOSE);
      frame.timeNs = 1;
      return frame;
    },
  },
  ...(
    [
      'inboundPosted',
      'bytesSent',
      'bytesReceived',
      'memoryBucketsPosted',
      'memoryBucketsUsed',
      'outboundReleased',
    ] as const
  ).map(
    (counter): Surgery => ({
      name: `the host's ledger with one more of ${counter}`,
      rule:
        counter === 'bytesSent'
          ? 'R-02'
          : counter === 'bytesReceived'
            ? 'R-03'
            : counter.startsWith('memory')
              ? 'R-04'
              : 'R-01',
      end: true,
      cut: (tape) => {
        (tape.finish!.host as Record<string, number>)[counter] += 1;
        return undefined;
      },
    }),
  ),
  {
    name: 'a card that took more frames than were posted',
    rule: 'R-01',
    end: true,
    cut: (tape) => {
      (tape.finish!.iop as Record<string, number>)['inboundReleased'] += 1;
      return undefined;
    },
  },
  {
    name: 'a lying end that lost packets besides',
    rule: 'R-02',
    end: true,
    cut: (tape) => {
      (tape.finish!.host as Record<string, number>)['bytesSent'] += 1;
      tape.finish = { ...tape.finish!, lost: 3 };
      return undefined;
    },
  },
];
