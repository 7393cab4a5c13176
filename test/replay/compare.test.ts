/** What of two answers is compared, and under which key they find each other. */
import { describe, expect, it } from 'vitest';
import { answersOf, answerText, keysOf, sameFields } from '../../src/replay/compare.ts';
import { ReplayPorts } from '../../src/replay/host-memory.ts';
import type { DecodedFrame } from '../../src/trace/decode/frame.ts';

const frame = (part: Partial<DecodedFrame>): DecodedFrame => ({
  message: 'SocketCreate',
  form: 'reply',
  sizeWords: 6,
  target: 8,
  initiator: 1,
  functionCode: 0xff,
  initiatorContext: 3,
  transactionContext: 4,
  status: 'Success',
  fields: {},
  list: [],
  elements: [],
  sockets: [],
  contexts: [],
  trouble: '',
  ...part,
});

describe('keys', () => {
  it('of a request and of its reply are the same, by message, target and contexts', () => {
    const request = keysOf(frame({ form: 'request' }));
    expect(request).toEqual(['SocketCreate 8 3 4']);
    expect(keysOf(frame({}))).toEqual(request);
    expect(keysOf(frame({ initiatorContext: 9 }))).not.toEqual(request);
  });

  it('are none for a request that wants no reply, or one only on an error', () => {
    for (const replyMode of ['Never', 'OnError']) {
      expect(keysOf(frame({ form: 'request', fields: { replyMode } }))).toEqual([]);
    }
  });

  it('are one for each socket number that is posted for connections', () => {
    const list = [{ acceptedId: 11 }, { acceptedId: 12 }];
    const posted = frame({ message: 'SocketAcceptPost', form: 'request', list });
    expect(keysOf(posted)).toEqual(['SocketAcceptPost 8 3 11', 'SocketAcceptPost 8 3 12']);
  });

  it('are one for each outcome of a batch, and its answers hold one outcome each', () => {
    const list = [{ context: 5, outcome: 'Success' }, { context: 6 }, { context: 7, outcome: 'EPIPE' }];
    const { transactionContext: _, ...batch } = frame({ message: 'SocketSend', list });
    expect(keysOf(batch)).toEqual(['SocketSend batch 5', 'SocketSend batch 7']);
    expect(answersOf(batch).map(([key, answer]) => [key, answer.list])).toEqual([
      ['SocketSend batch 5', [list[0]]],
      ['SocketSend batch 7', [list[2]]],
    ]);
  });

  it('of events are only those of a connection that ends, which come whatever the timing', () => {
    const CLOSED = 7;
    const event = (eventIndicator: number, state: number, target = 8) =>
      keysOf(
        frame({
          message: 'UtilEventRegister',
          form: 'progress',
          target,
          fields: { eventIndicator, eventData: (state << 16) | 2 },
        }),
      );
    expect(event(1, CLOSED)).toEqual([`UtilEventRegister ${(CLOSED << 16) | 2}`]);
    expect(event(1, CLOSED - 1)).toEqual([]);
    expect(event(2, CLOSED)).toEqual([]);
    expect(event(1, CLOSED, 0)).toEqual([]);
  });
});

describe('answers', () => {
  it('differ by form, status, detail and fields', () => {
    const ports = new ReplayPorts();
    const same = (a: Partial<DecodedFrame>, b: Partial<DecodedFrame>) =>
      sameFields(frame(a), frame(b), ports);
    expect(same({}, {})).toBe(true);
    expect(same({}, { form: 'failure' })).toBe(false);
    expect(same({}, { status: 'Busy' })).toBe(false);
    expect(same({ detail: 'EPIPE' }, { detail: 'EAGAIN' })).toBe(false);
    expect(same({ fields: { backlog: 1 } }, { fields: { backlog: 2 } })).toBe(false);
  });

  it('do not differ by what depends on time, and teach which port stands for which', () => {
    const ports = new ReplayPorts();
    const recorded = frame({ fields: { localPort: 40_000, rtoUs: 200, retransmissions: 1 } });
    const replayed = frame({ fields: { localPort: 41_000, rtoUs: 300, retransmissions: 0 } });
    expect(sameFields(recorded, replayed, ports)).toBe(true);
    expect(ports.of(40_000)).toBe(41_000);
  });

  it('are told in words, without what is not compared', () => {
    const told = frame({ detail: 'EPIPE', fields: { backlog: 5, localPort: 80, count: 1 } });
    expect(answerText(told)).toBe('reply, Success EPIPE, backlog 5');
  });
});
