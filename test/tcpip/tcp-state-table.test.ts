/**
 * Every state against every kind of segment: what RFC 9293 §3.10.7 (with RFC 5961 and RFC 1337) says comes
 * next.
 */
import { describe, expect, it } from 'vitest';
import { established, type Opening, synReceived, synSent } from './openings.ts';
import type { Sent } from './peer.ts';
import { Script } from './script.ts';

/**
 * The numbers of a state: the peer's next (what the stack expects), the stack's oldest unacknowledged and
 * next.
 */
interface Numbers {
  readonly rcv: number;
  readonly una: number;
  readonly nxt: number;
}

const KINDS: Readonly<Record<string, (n: Numbers) => Sent>> = {
  'a SYN in the window': ({ rcv }) => ({ flags: 'SYN', seq: rcv + 5 }),
  'an old SYN': ({ rcv }) => ({ flags: 'SYN', seq: rcv - 9 }),
  'a SYN-ACK': ({ rcv, una }) => ({ flags: 'SYN ACK', seq: rcv, ack: una }),
  'an exact RST': ({ rcv }) => ({ flags: 'RST', seq: rcv }),
  'a RST in the window': ({ rcv }) => ({ flags: 'RST', seq: rcv + 10 }),
  'a RST below the window': ({ rcv }) => ({ flags: 'RST', seq: rcv - 1 }),
  'a RST above the window': ({ rcv }) => ({ flags: 'RST', seq: rcv + 70_000 }),
  'an ACK of what is acknowledged already': ({ rcv, una }) => ({ seq: rcv, ack: una }),
  'an ACK of everything': ({ rcv, nxt }) => ({ seq: rcv, ack: nxt }),
  'an ACK of what was never sent': ({ rcv, nxt }) => ({ seq: rcv, ack: nxt + 1 }),
  'an ACK from long ago': ({ rcv, una }) => ({ seq: rcv, ack: una - 70_000 }),
  'an ACK below the window': ({ rcv, una }) => ({ seq: rcv - 1, ack: una }),
  'an ACK above the window': ({ rcv, una }) => ({ seq: rcv + 70_000, ack: una }),
  'no flags': ({ rcv }) => ({ flags: '', seq: rcv, length: 3 }),
  data: ({ rcv, una }) => ({ flags: 'PSH ACK', seq: rcv, ack: una, length: 10 }),
  'old data': ({ rcv, una }) => ({ flags: 'PSH ACK', seq: rcv - 12, ack: una, length: 10 }),
  'data above the window': ({ rcv, una }) => ({ seq: rcv + 70_000, ack: una, length: 10 }),
  'a FIN': ({ rcv, una }) => ({ flags: 'FIN ACK', seq: rcv, ack: una }),
  'a FIN that acknowledges everything': ({ rcv, nxt }) => ({ flags: 'FIN ACK', seq: rcv, ack: nxt }),
  'an old FIN': ({ rcv, una }) => ({ flags: 'FIN ACK', seq: rcv - 1, ack: una }),
  'data and a FIN': ({ rcv, una }) => ({ flags: 'FIN PSH ACK', seq: rcv, ack: una, length: 10 }),
};

/**
 * The next state where it is another, and how far an ACK goes beyond `rcv`; without `ack` there is no answer.
 */
interface Outcome {
  readonly next?: string;
  readonly ack?: number;
}

/**
 * What holds in every synchronized state with a live connection, unless the state's own row says otherwise.
 */
const SYNCHRONIZED: Readonly<Record<string, Outcome>> = {
  'a SYN in the window': { ack: 0 },
  'an old SYN': { ack: 0 },
  'a SYN-ACK': { ack: 0 },
  'an exact RST': { next: 'CLOSED' },
  'a RST in the window': { ack: 0 },
  'a RST below the window': {},
  'a RST above the window': {},
  'an ACK of what is acknowledged already': {},
  'an ACK of what was never sent': { ack: 0 },
  'an ACK from long ago': { ack: 0 },
  'an ACK below the window': { ack: 0 },
  'an ACK above the window': { ack: 0 },
  'no flags': {},
  'old data': { ack: 0 },
  'data above the window': { ack: 0 },
  'an old FIN': { ack: 0 },
};

/** The peer's half is closed: what was before its FIN has been here, and nothing is behind it. */
const PEER_CLOSED: Readonly<Record<string, Outcome>> = {
  ...SYNCHRONIZED,
  data: {},
  'a FIN': {},
  'a FIN that acknowledges everything': {},
  'data and a FIN': {},
  'an ACK of everything': {},
};

interface Row {
  readonly numbers: Numbers;
  reach(): Opening;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

function finWait1(): Opening {
  const opening = established();
  opening.socket.shutsDown();
  opening.peer.expects({ flags: 'FIN ACK', seq: 1, ack: 1 });
  return opening;
}

function finWait2(): Opening {
  const opening = finWait1();
  opening.peer.acks(2);
  return opening;
}

function closeWait(): Opening {
  const opening = established();
  opening.peer.sends({ flags: 'FIN ACK' });
  opening.peer.expects({ seq: 1, ack: 2 });
  return opening;
}

function closing(): Opening {
  const opening = finWait1();
  opening.peer.sends({ flags: 'FIN ACK', ack: 1 });
  opening.peer.expects({ seq: 2, ack: 2 });
  return opening;
}

function lastAck(): Opening {
  const opening = closeWait();
  opening.socket.shutsDown();
  opening.peer.expects({ flags: 'FIN ACK', seq: 1, ack: 2 });
  return opening;
}

function timeWait(): Opening {
  const opening = finWait2();
  opening.peer.sends({ flags: 'FIN ACK' });
  opening.peer.expects({ seq: 2, ack: 2 });
  return opening;
}

const ROWS: Readonly<Record<string, Row>> = {
  ESTABLISHED: {
    numbers: { rcv: 1, una: 1, nxt: 1 },
    reach: established,
    outcomes: {
      ...SYNCHRONIZED,
      'an ACK of everything': {},
      data: { ack: 10 },
      'a FIN': { ack: 1, next: 'CLOSE-WAIT' },
      'a FIN that acknowledges everything': { ack: 1, next: 'CLOSE-WAIT' },
      'data and a FIN': { ack: 11, next: 'CLOSE-WAIT' },
    },
  },
  'FIN-WAIT-1': {
    numbers: { rcv: 1, una: 1, nxt: 2 },
    reach: finWait1,
    outcomes: {
      ...SYNCHRONIZED,
      'an ACK of everything': { next: 'FIN-WAIT-2' },
      data: { ack: 10 },
      'a FIN': { ack: 1, next: 'CLOSING' },
      'a FIN that acknowledges everything': { ack: 1, next: 'TIME-WAIT' },
      'data and a FIN': { ack: 11, next: 'CLOSING' },
    },
  },
  'FIN-WAIT-2': {
    numbers: { rcv: 1, una: 2, nxt: 2 },
    reach: finWait2,
    outcomes: {
      ...SYNCHRONIZED,
      'an ACK of everything': {},
      data: { ack: 10 },
      'a FIN': { ack: 1, next: 'TIME-WAIT' },
      'a FIN that acknowledges everything': { ack: 1, next: 'TIME-WAIT' },
      'data and a FIN': { ack: 11, next: 'TIME-WAIT' },
    },
  },
  'CLOSE-WAIT': { numbers: { rcv: 2, una: 1, nxt: 1 }, reach: closeWait, outcomes: PEER_CLOSED },
  CLOSING: {
    numbers: { rcv: 2, una: 1, nxt: 2 },
    reach: closing,
    outcomes: {
      ...PEER_CLOSED,
      'an ACK of everything': { next: 'TIME-WAIT' },
      'a FIN that acknowledges everything': { next: 'TIME-WAIT' },
    },
  },
  'LAST-ACK': {
    numbers: { rcv: 2, una: 1, nxt: 2 },
    reach: lastAck,
    outcomes: {
      ...PEER_CLOSED,
      'an ACK of everything': { next: 'CLOSED' },
      'a FIN that acknowledges everything': { next: 'CLOSED' },
    },
  },
  'TIME-WAIT': {
    numbers: { rcv: 2, una: 2, nxt: 2 },
    reach: timeWait,
    outcomes: {
      ...PEER_CLOSED,
      // Resets change nothing (RFC 1337), and a bare acknowledgement in place needs no answer.
      'an exact RST': {},
      'a RST in the window': {},
      'an ACK of what was never sent': {},
      'an ACK from long ago': {},
      'no flags': { ack: 0 },
      data: { ack: 0 },
      'a FIN': { ack: 0 },
      'a FIN that acknowledges everything': { ack: 0 },
      'data and a FIN': { ack: 0 },
    },
  },
};

for (const [state, row] of Object.entries(ROWS)) {
  describe(`RFC 9293 §3.10.7.4: ${state}`, () => {
    for (const [kind, build] of Object.entries(KINDS)) {
      // A newer SYN in TIME-WAIT may begin a new connection: tcp-time-wait.test.ts.
      if (state === 'TIME-WAIT' && kind === 'a SYN in the window') continue;
      const outcome = row.outcomes[kind];
      const next = outcome.next ?? state;
      it(`${kind}: ${next}${outcome.ack === undefined ? ', no answer' : `, acknowledged`}`, () => {
        const { script, peer, socket } = row.reach();
        const { rcv, nxt } = row.numbers;
        expect(socket.state).toBe(state);
        peer.expectsNothing();
        const before = script.counter('tcpOutSegs');
        peer.sends(build(row.numbers));
        if (outcome.ack !== undefined) peer.expects({ seq: nxt, ack: rcv + outcome.ack });
        peer.expectsNothing();
        expect(script.counter('tcpOutSegs') - before).toBe(outcome.ack === undefined ? 0 : 1);
        expect(socket.state).toBe(next);
      });
    }
  });
}

interface Answer {
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
}

/** What the states before a connection is synchronized answer: a whole segment, and the next state. */
const OPENING: Readonly<Record<string, readonly [next: string, answer?: Answer]>> = {
  'CLOSED, a SYN in the window': ['CLOSED', { flags: 'RST ACK', seq: 0, ack: 7 }],
  'CLOSED, an exact RST': ['CLOSED'],
  'CLOSED, an ACK of everything': ['CLOSED', { flags: 'RST', seq: 1, ack: 0 }],
  'CLOSED, a SYN-ACK': ['CLOSED', { flags: 'RST', seq: 0, ack: 0 }],
  'CLOSED, a FIN': ['CLOSED', { flags: 'RST', seq: 0, ack: 0 }],
  'CLOSED, data': ['CLOSED', { flags: 'RST', seq: 0, ack: 0 }],
  'CLOSED, no flags': ['CLOSED', { flags: 'RST ACK', seq: 0, ack: 4 }],
  'LISTEN, an exact RST': ['LISTEN'],
  'LISTEN, an ACK of everything': ['LISTEN', { flags: 'RST', seq: 1, ack: 0 }],
  'LISTEN, a SYN-ACK': ['LISTEN', { flags: 'RST', seq: 0, ack: 0 }],
  'LISTEN, a FIN': ['LISTEN', { flags: 'RST', seq: 0, ack: 0 }],
  'LISTEN, data': ['LISTEN', { flags: 'RST', seq: 0, ack: 0 }],
  'LISTEN, no flags': ['LISTEN'],
  'SYN-SENT, a SYN in the window': ['SYN-RECEIVED', { flags: 'SYN ACK', seq: 0, ack: 7 }],
  'SYN-SENT, a SYN-ACK': ['SYN-SENT', { flags: 'RST', seq: 0, ack: 0 }],
  'SYN-SENT, an exact RST': ['SYN-SENT'],
  'SYN-SENT, an ACK of everything': ['SYN-SENT'],
  'SYN-SENT, an ACK of what was never sent': ['SYN-SENT', { flags: 'RST', seq: 2, ack: 0 }],
  'SYN-SENT, data': ['SYN-SENT', { flags: 'RST', seq: 0, ack: 0 }],
  'SYN-SENT, a FIN that acknowledges everything': ['SYN-SENT'],
  'SYN-SENT, no flags': ['SYN-SENT'],
  'SYN-RECEIVED, a SYN in the window': ['SYN-RECEIVED', { flags: 'ACK', seq: 1, ack: 1 }],
  'SYN-RECEIVED, an exact RST': ['CLOSED'],
  'SYN-RECEIVED, a RST in the window': ['SYN-RECEIVED', { flags: 'ACK', seq: 1, ack: 1 }],
  'SYN-RECEIVED, an ACK of everything': ['ESTABLISHED'],
  'SYN-RECEIVED, an ACK of what is acknowledged already': ['SYN-RECEIVED', { flags: 'RST', seq: 0, ack: 0 }],
  'SYN-RECEIVED, an ACK of what was never sent': ['SYN-RECEIVED', { flags: 'RST', seq: 2, ack: 0 }],
  'SYN-RECEIVED, an ACK above the window': ['SYN-RECEIVED', { flags: 'ACK', seq: 1, ack: 1 }],
  'SYN-RECEIVED, a FIN that acknowledges everything': ['CLOSE-WAIT', { flags: 'ACK', seq: 1, ack: 2 }],
  'SYN-RECEIVED, no flags': ['SYN-RECEIVED'],
};

const BEFORE: Readonly<Record<string, { numbers: Numbers; reach(): Opening }>> = {
  CLOSED: {
    numbers: { rcv: 1, una: 0, nxt: 1 },
    reach: () => {
      const script = new Script();
      const peer = script.peer();
      peer.hostPort = 81;
      return { script, peer, socket: script.socket() };
    },
  },
  LISTEN: {
    numbers: { rcv: 1, una: 0, nxt: 1 },
    reach: () => {
      const script = new Script();
      const peer = script.peer();
      peer.hostPort = 81;
      return { script, peer, socket: script.listener(81) };
    },
  },
  'SYN-SENT': { numbers: { rcv: 1, una: 0, nxt: 1 }, reach: synSent },
  'SYN-RECEIVED': {
    numbers: { rcv: 1, una: 0, nxt: 1 },
    reach: () => {
      const opening = synSent();
      opening.peer.sends({ flags: 'SYN' });
      opening.peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
      return opening;
    },
  },
};

describe('RFC 9293 §3.10.7.1 to §3.10.7.4: before a connection is synchronized', () => {
  for (const [what, [next, answer]] of Object.entries(OPENING)) {
    it(`${what}: ${next}, ${answer?.flags ?? 'no answer'}`, () => {
      const [state, kind] = what.split(', ', 2);
      const { numbers, reach } = BEFORE[state];
      const { peer, socket } = reach();
      expect(socket.state).toBe(state);
      peer.sends(KINDS[kind](numbers));
      if (answer !== undefined) peer.expects(answer);
      peer.expectsNothing();
      expect(socket.state).toBe(next);
    });
  }

  it('a listener’s connection in SYN-RECEIVED returns to LISTEN at a reset: nobody is told', () => {
    const { script, peer, listener } = synReceived();
    peer.sends({ flags: 'RST', seq: 1 });
    expect(listener.state).toBe('LISTEN');
    script.tells();
  });
});
