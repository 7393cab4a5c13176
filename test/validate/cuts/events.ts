/** Cuts into events. */
import type { FrameEvent, Tape } from '../../conformance/trace-surgery.ts';
import { type Cut, cutsOf, flagsOf, inReply, lose, openAt, put } from './cut.ts';

const EVENT = 0x13;
const SYS_QUIESCE = 0xc3;
const cut = cutsOf('events');
const isEvent = (words: Int32Array): boolean => (words[1] & 0xfff) !== 0 && (flagsOf(words) & 0x40) === 0;
const isState = (words: Int32Array): boolean => isEvent(words) && words[4] === 1;
const state = (
  name: string,
  rules: readonly string[],
  edit: (words: Int32Array, tape: Tape, frame: FrameEvent) => unknown,
): Cut =>
  cut(
    name,
    rules,
    inReply(EVENT, isState, (words, frame, tape) => edit(words, tape, frame)),
  );

export const EVENT_CUTS: readonly Cut[] = [
  state('an event whose old state was not the last told', ['V-01', 'V-02'], (words) => {
    // The last event of a socket may come behind the answer that gave its number back.
    if (words[5] >>> 24 === 7) return false;
    put(words, 5, 16, 23, words[5] >>> 24 === 4 ? 8 : 4);
  }),
  state('an impossible transition', ['V-02'], (words) => {
    if ([2, 7].includes((words[5] >>> 16) & 0xff)) return false;
    put(words, 5, 24, 31, 2);
  }),
  state('an event of a state that TCP has not', ['F-09'], (words) => put(words, 5, 24, 31, 0x63)),
  state('an event that changes nothing', ['F-09'], (words) => put(words, 5, 16, 23, words[5] >>> 24)),
  state('an event of a number that is free', ['V-03'], (words) => put(words, 5, 0, 15, 40)),
  state('an event of a number that there is not', ['F-09'], (words) => put(words, 5, 0, 15, 999)),
  state('an event told as ListenOverflow', ['V-03', 'F-09'], (words) => {
    // A listener may have overflowed, and a socket that has no connection any more may have been one.
    if ([7, 10].includes(words[5] >>> 24)) return false;
    words[4] = 4;
    words[5] &= 0xffff;
  }),
  state('an event told as BucketsLow', ['F-09', 'V-04'], (words) => {
    words[4] = 2;
    words[5] = 30_000;
  }),
  state('an event of two kinds', ['F-09'], (words) => void (words[4] = 5)),
  state('an event told as Address', ['F-09', 'T-01'], (words) => void (words[4] = 8)),
  state('an event that nobody asked for', ['T-01'], (words) => void (words[4] = 16)),
  state('an event with LAST', ['T-06'], (words) => put(words, 0, 14, 14, 1)),
  state('an event with other contexts', ['T-05'], (words) => void (words[3] += 1)),
  state('an event of another stream', ['V-01', 'V-02', 'V-03'], (words, tape, frame) => {
    const own = words[5] & 0xffff;
    const told = tape
      .frames(1, EVENT, ({ words: w }) => isState(w))
      .filter((one) => tape.at(one) < tape.at(frame))
      .map(({ words: w }) => w[5]);
    const other = told
      .reverse()
      .find((data) => (data & 0xffff) !== own && data >>> 24 !== ((words[5] >>> 16) & 0xff));
    if (other === undefined) return false;
    const last = told.find((data) => (data & 0xffff) === (other & 0xffff));
    if (last === undefined || last >>> 24 === ((words[5] >>> 16) & 0xff)) return false;
    if (!openAt(tape, frame).includes(last & 0xffff)) return false;
    put(words, 5, 0, 15, other & 0xffff);
  }),
  cut(
    'an event lost',
    ['R-07', 'V-01'],
    (tape) => tape.frames(1, EVENT, ({ words }) => isState(words)).map((frame) => () => lose(tape, frame)),
    'fifo',
  ),
  cut(
    'an event after the device was quiesced',
    ['V-05', 'T-01', 'V-03'],
    (tape) =>
      tape.frames(1, SYS_QUIESCE).map((frame) => () => {
        const event = tape.frames(1, EVENT, ({ words }) => isState(words))[0];
        const at = tape.at(frame) + 2;
        const again = { ...event, words: event.words.slice(), slot: frame.slot, timeNs: frame.timeNs };
        tape.insert(at, again, {
          kind: 'owner',
          direction: 1,
          timeNs: frame.timeNs,
          slot: frame.slot,
          side: 1,
        });
        for (const side of [tape.finish!.host, tape.finish!.iop] as Record<string, number>[])
          for (const counter of ['outboundPosted', 'outboundReleased', 'eventsSent'])
            if (side[counter]) side[counter] += 1;
      }),
    'fifo',
  ),
];
