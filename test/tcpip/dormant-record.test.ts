/** A dormant connection's record holds every field that an idle connection has. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/config.ts';
import { TIMER_FIN_WAIT, TIMER_KEEPALIVE } from '../../src/tcpip/tcp/control-block/timers.ts';
import { RECORD_WORDS } from '../../src/tcpip/tcp/dormant-record.ts';
import { REST_WORDS, restOf } from '../../src/tcpip/tcp/dormant-rest.ts';
import { DormantTable, FIRST_WORD } from '../../src/tcpip/tcp/dormant-table.ts';
import { isIdle } from '../../src/tcpip/tcp/idle.ts';
import { CLOSE_WAIT, ESTABLISHED, FIN_WAIT_2 } from '../../src/tcpip/tcp/state.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';

/** What an idle connection has by definition, as `isIdle` asks for it. */
const FIXED: Readonly<Record<string, number>> = {
  inUse: 1,
  hashed: 1,
  parent: -1,
  acceptNext: -1,
  acceptPrevious: -1,
};
/** And what follows from its state. */
const BY_STATE: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [ESTABLISHED]: { finQueued: 0, 'received.finKnown': 0, 'received.finTaken': 0 },
  [FIN_WAIT_2]: { finQueued: 1, 'received.finKnown': 0, 'received.finTaken': 0 },
  [CLOSE_WAIT]: { finQueued: 0, 'received.finKnown': 1, 'received.finTaken': 1 },
};
const STATES = [ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT];
/** What must be nothing: as in a Tcb that is new. */
const NOTHING = [
  ...['error', 'awaitsNeighbour', 'sndUrgent', 'sndForced', 'finQueued', 'resetDue', 'moving', 'ready'],
  ...['sends', 'sent', 'listening'],
  ...['queuedBytes', 'head', 'tail', 'lateHead', 'lateTail', 'lateCount', 'slotsHeld'].map(
    (name) => `received.${name}`,
  ),
  ...['finKnown', 'finTaken'].map((name) => `received.${name}`),
  ...['owed', 'duplicatesOwed', 'pushed'].map((name) => `acks.${name}`),
  ...['phase', 'due', 'dupAcks', 'sackHead', 'sackCount', 'sackedBytes', 'lostBytes'].map(
    (name) => `recovery.${name}`,
  ),
  ...['lookAfterUs', 'suspicion', 'probe', 'probing'].map((name) => `rack.${name}`),
  ...['retries', 'probeDue'].map((name) => `timers.${name}`),
  ...['probeBytes', 'lost'].map((name) => `mtuSearch.${name}`),
  'rtt.timing',
  'totals.sendingAs',
];
/** What is read only while something is that an idle connection has not, or is set before it is read. */
const DEAD = [
  // Of the path, found anew, and of the Tcb itself.
  ...['index', 'ipSum', 'pseudoSum', 'fragmentBits', 'plain'],
  // While urgent data is to be announced; while a small segment is out.
  ...['sndUp', 'sndSmall', 'sndNxt', 'sndMax', 'sndEnd'],
  // While there are late segments, a duplicate to be reported, or a FIN out of order.
  ...['lateKnown', 'lateNewest', 'lateSecond', 'lateThird', 'lateFourth'].map((name) => `received.${name}`),
  ...['duplicateStart', 'duplicateEnd', 'finSeq'].map((name) => `received.${name}`),
  // While a segment is timed; while a loss is recovered from; while something is to be sent.
  ...['rtt.timedSeq', 'rtt.timedUs', 'totals.sendingSinceUs'],
  ...['flightBefore', 'lostSeq', 'highRetransmitted', 'rescue'].map((name) => `recovery.${name}`),
  ...['delivered', 'sentBytes', 'flightBefore', 'probeResent', 'probeEnd'].map((name) => `rack.${name}`),
  // While anything is outstanding.
  ...['price', 'pricedWindow', 'pricedUs'].map((name) => `congestion.${name}`),
  // While a probe for the path's MTU is out.
  ...['probeStart', 'probeEnd'].map((name) => `mtuSearch.${name}`),
  // While their timers run.
  ...['armedBefore', 'retransmitAt', 'ackAt'].map((name) => `timers.${name}`),
];
/** What says something only while another field is not 0: else a record need not have it. */
const ONLY_WITH: Readonly<Record<string, string>> = {
  rcvUp: 'rcvUrgent',
  pathMtuMs: 'pathMtu',
  'acks.challengeUs': 'acks.challenged',
  'marks.reducedUntil': 'marks.reducing',
  'timers.stalledMs': 'timers.probes',
  'totals.echoSeen': 'stamps.on',
  ...Object.fromEntries(
    ['binds', 'low', 'high', 'sinceMs'].map((name) => [`mtuSearch.${name}`, 'mtuSearch.on']),
  ),
};
const LEFT_OUT = new Set([...NOTHING, ...DEAD, ...Object.keys(FIXED), 'state']);

/** Largest values of fields that share a word with others; elsewhere an int32, signed or not. */
const MOST: Readonly<Record<string, number>> = {
  ...{ localPort: 65535, remotePort: 65535, ttl: 255, tos: 255, ipId: 65535, mss: 65535, mssPeer: 65535 },
  ...{ rcvUrgent: 0x1ff, pathMtu: 65535, port: 15, sndScale: 14, rcvScale: 14, softError: 4095 },
  ...{ 'timers.probes': 65535, 'timers.armed': TIMER_KEEPALIVE | TIMER_FIN_WAIT },
  ...{ 'received.segmentBytesMax': 65535, 'acks.quick': 65535, 'rack.factor': 16 },
  ...{ 'rack.persist': 16, 'rack.reordering': 300, 'rack.reordered': 0x7fff },
  ...{
    'congestion.conservative': 5,
    'congestion.chosen': 2,
    'options.keepIdleSeconds': 32767,
    'options.keepProbes': 127,
  },
  ...{ 'options.keepIntervalSeconds': 32767, 'options.segmentBytesMax': 65535 },
  ...{ 'options.deferAccept': 255, 'options.finWaitSeconds': 120, 'options.mtuDiscover': 5 },
};
const FLAGS = new Set([
  ...['bound', 'portChosen', 'addressNamed', 'scaling', 'sackPermitted', 'received.shutdown'],
  ...['acks.pingPong', 'acks.challenged', 'stamps.on', 'rtt.synRetransmitted', 'listening.deferred'],
  ...['noDelay', 'keepAlive', 'reuseAddress', 'broadcast', 'cork'].map((name) => `options.${name}`),
  ...['known', 'highestKnown', 'roundOn', 'undoable', 'undoStampKnown'].map((n) => `rack.${n}`),
  ...['epoch', 'limited', 'roundsBegun'].map((name) => `congestion.${name}`),
  ...['asked', 'on', 'seen', 'echo', 'reductionDue', 'reducing'].map((name) => `marks.${name}`),
  ...['mtuSearch.on', 'mtuSearch.binds'],
  'totals.awaitsRoom',
]);
/** Sums that may pass 32 bits. */
const SUMS = new Set(
  ['bytesAcked', 'bytesReceived', 'bytesSent', 'bytesRetransmitted', 'segmentsOut', 'segmentsIn']
    .concat([
      'dataSegmentsOut',
      'dataSegmentsIn',
      'delivered',
      'busyUs',
      'windowLimitedUs',
      'bufferLimitedUs',
    ])
    .concat(['deliveredMarked'])
    .map((name) => `totals.${name}`),
);

type Numbers = Record<string, number>;

/** Every number of a Tcb by its path. */
function fieldsOf(tcb: Tcb): Map<string, [Numbers, string]> {
  const fields = new Map<string, [Numbers, string]>();
  for (const [name, value] of Object.entries(tcb)) {
    if (typeof value === 'number') fields.set(name, [tcb as unknown as Numbers, name]);
    else for (const inner of Object.keys(value)) fields.set(`${name}.${inner}`, [value as Numbers, inner]);
  }
  return fields;
}

function drawn(path: string): fc.Arbitrary<number> {
  if (FLAGS.has(path)) return fc.integer({ min: 0, max: 1 });
  if (SUMS.has(path)) return fc.integer({ min: 0, max: 2 ** 45 });
  if (path === 'timers.armed') return fc.constantFrom(0, 8, 16, 24);
  const least = path === 'options.finWaitSeconds' || path === 'options.lingerSeconds' ? -1 : 0;
  if (path === 'owner') return fc.integer({ min: 0, max: 1 << 20 });
  const most = MOST[path];
  return most === undefined ? fc.integer() : fc.integer({ min: least, max: most });
}

const isLeftOut = (path: string) => {
  if (path === 'listening.deferred') return false;
  return LEFT_OUT.has(path) || LEFT_OUT.has(path.split('.')[0] as string);
};

const PATHS = [...fieldsOf(new Tcb(0)).keys()].filter((path) => !isLeftOut(path));

function newTcb(): Tcb {
  const tcb = new Tcb(3);
  tcb.reset(DEFAULT_STACK_CONFIG);
  tcb.inUse = 1;
  return tcb;
}

function put(tcb: Tcb, values: Readonly<Record<string, number>>): void {
  const fields = fieldsOf(tcb);
  for (const [path, value] of Object.entries(values)) {
    const [numbers, name] = fields.get(path) as [Numbers, string];
    numbers[name] = value;
  }
}

/** An idle connection that has some fields as they are said, and the others as a new one has them. */
function idleWith(state: number, values: Readonly<Record<string, number>>): Tcb {
  const tcb = newTcb();
  put(tcb, { owner: 1, ...FIXED, state, ...BY_STATE[state], ...values });
  tcb.sndNxt = tcb.sndUna;
  tcb.sndMax = tcb.sndUna;
  tcb.sndEnd = (tcb.sndUna - tcb.finQueued) | 0;
  expect(isIdle(tcb)).toBe(true);
  return tcb;
}

/** Which fields a connection has otherwise once it has slept, and slept in another's Tcb. */
function differences(tcb: Tcb): string[] {
  const table = new DormantTable(3, DEFAULT_STACK_CONFIG);
  const [words, rests] = ['words', 'rests'].map((name) => {
    table.makeRecords();
    return table[name as 'words'] as Int32Array;
  });
  words.fill(-7);
  rests.fill(-7);
  const before = new Map([...fieldsOf(tcb)].map(([path, [numbers, name]]) => [path, numbers[name]]));
  table.save(1, tcb);
  for (const [all, each] of [
    [words.subarray(FIRST_WORD), RECORD_WORDS],
    [rests, REST_WORDS],
  ] as const) {
    for (const third of [0, 2]) {
      expect(all.subarray(third * each, (third + 1) * each).every((word) => word === -7)).toBe(true);
    }
  }
  // The one wakes where another has slept of which nothing beyond a common record was left.
  const other = idleWith(ESTABLISHED, { owner: 7, 'totals.segmentsIn': 9, 'rtt.srtt': 77, rcvNxt: 5 });
  other.acks.lastSent = 5;
  table.save(2, other);
  table.load(1, other);
  const woken = fieldsOf(other);
  return [...PATHS, ...Object.keys(FIXED), 'state', 'finQueued', 'sndNxt', 'sndMax', 'sndEnd']
    .concat(['received.finKnown', 'received.finTaken'])
    .filter((path) => {
      const means = ONLY_WITH[path];
      if (means !== undefined && before.get(means) === 0) return false;
      if (path === 'totals.windowEnd' && before.get('stamps.on') !== 0) return false;
      const [numbers, name] = woken.get(path) as [Numbers, string];
      return numbers[name] !== before.get(path);
    });
}

describe('the record of a dormant connection', () => {
  it('gives every field back, of a Tcb with any values', () => {
    const values = fc.record(Object.fromEntries(PATHS.map((path) => [path, drawn(path)])));
    fc.assert(
      fc.property(values, fc.constantFrom(...STATES), (all, state) => {
        expect(differences(idleWith(state, all))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it.each(PATHS)('gives "%s" back where it alone is not as in a new one', (path) => {
    const most = FLAGS.has(path) ? 1 : (MOST[path] ?? (SUMS.has(path) ? 2 ** 45 : 0x7fff_fff1));
    const means = ONLY_WITH[path];
    const value = path === 'timers.armed' ? TIMER_KEEPALIVE : most;
    const tcb = idleWith(ESTABLISHED, { ...(means === undefined ? {} : { [means]: 1 }), [path]: value });
    expect(differences(tcb)).toEqual([]);
  });

  it('has a rest only where something is not as in a new one', () => {
    const plain = idleWith(ESTABLISHED, { 'marks.on': 1, 'options.noDelay': 1, 'totals.segmentsIn': 9 });
    expect(restOf(plain, DEFAULT_STACK_CONFIG)).toBe(0);
    const lossy = idleWith(ESTABLISHED, { 'totals.timeouts': 1 });
    expect(restOf(lossy, DEFAULT_STACK_CONFIG)).toBe(1);
  });

  it('is at most 512 bytes, of which any connection has 256', () => {
    expect(RECORD_WORDS * 4).toBe(256);
    expect((RECORD_WORDS + REST_WORDS) * 4).toBeLessThanOrEqual(512);
  });

  it.each(NOTHING.filter((path) => !['sends', 'sent', 'listening'].includes(path)))(
    'is not made of a connection with something in "%s"',
    (path) => {
      const tcb = idleWith(ESTABLISHED, {});
      put(tcb, { [path]: 1 });
      const follows = ['queuedBytes', 'head', 'tail', 'lateHead', 'lateTail', 'lateCount'];
      // These follow from others that are looked at: slots held, and ranges counted.
      const counted = [...follows, 'sackHead', 'sackedBytes'].includes(path.split('.').at(-1) as string);
      expect(isIdle(tcb)).toBe(counted);
    },
  );

  it.each(STATES)(
    'is made in state %i only where its FINs are settled, and it has an owner or its end',
    (state) => {
      for (const path of ['finQueued', 'received.finKnown', 'received.finTaken']) {
        const tcb = idleWith(state, {});
        put(tcb, { [path]: 1 - (BY_STATE[state]?.[path] as number) });
        expect(isIdle(tcb)).toBe(false);
      }
      const orphan = idleWith(state, {});
      orphan.owner = -1;
      expect(isIdle(orphan)).toBe(state === FIN_WAIT_2);
    },
  );
});
