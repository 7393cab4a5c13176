/** A dormant connection's record holds every field that an idle connection has. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/config.ts';
import { TIMER_KEEPALIVE } from '../../src/tcpip/tcp/control-block/timers.ts';
import { loadRecord, RECORD_WORDS, saveRecord } from '../../src/tcpip/tcp/dormant-record.ts';
import { isIdle } from '../../src/tcpip/tcp/idle.ts';
import { ESTABLISHED } from '../../src/tcpip/tcp/state.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';

/** What an idle connection has by definition, as `isIdle` asks for it. */
const FIXED: Readonly<Record<string, number>> = {
  state: ESTABLISHED,
  inUse: 1,
  hashed: 1,
  parent: -1,
  acceptNext: -1,
  'timers.armed': TIMER_KEEPALIVE,
};
/** What must be nothing: as in a Tcb that is new. */
const NOTHING = [
  ...['error', 'awaitsNeighbour', 'sndUrgent', 'sndForced', 'finQueued', 'resetDue', 'moving', 'ready'],
  ...['sends', 'sent', 'listening'],
  ...[
    'queuedBytes',
    'head',
    'tail',
    'lateHead',
    'lateTail',
    'lateCount',
    'slotsHeld',
    'finKnown',
    'finTaken',
  ].map((name) => `received.${name}`),
  ...['owed', 'duplicatesOwed', 'pushed'].map((name) => `acks.${name}`),
  ...['phase', 'due', 'dupAcks', 'sackHead', 'sackCount', 'sackedBytes', 'lostBytes'].map(
    (name) => `recovery.${name}`,
  ),
  ...['lookAfterUs', 'suspicion', 'probe', 'probing'].map((name) => `rack.${name}`),
  ...['retries', 'probes', 'probeDue'].map((name) => `timers.${name}`),
  'rtt.timing',
  'totals.sendingAs',
  // Who uses ECN, knows of a narrow path or searches for a wide one stays awake.
  ...['marks.on', 'pathMtu', 'mtuSearch.on'],
];
/** What is read only while something is that an idle connection has not, or is set before it is read. */
const DEAD = [
  // Of the path, found anew, and of the Tcb itself.
  ...['index', 'ipSum', 'pseudoSum', 'fragmentBits'],
  // While urgent data is to be announced; while a small segment is out.
  ...['sndUp', 'sndSmall', 'sndNxt', 'sndMax', 'sndEnd'],
  // While there are late segments, a duplicate to be reported, or a FIN.
  ...['lateKnown', 'lateNewest', 'lateSecond', 'lateThird', 'lateFourth'].map((name) => `received.${name}`),
  ...['duplicateStart', 'duplicateEnd', 'finSeq'].map((name) => `received.${name}`),
  // While a segment is timed; while a loss is recovered from.
  ...['rtt.timedSeq', 'rtt.timedUs'],
  ...['flightBefore', 'lostSeq', 'highRetransmitted', 'rescue'].map((name) => `recovery.${name}`),
  ...['delivered', 'sentBytes', 'flightBefore', 'probeResent', 'probeEnd'].map((name) => `rack.${name}`),
  // While ECN is on, and while the path's MTU is known.
  ...['asked', 'seen', 'echo', 'reductionDue', 'reducing', 'reducedUntil'].map((name) => `marks.${name}`),
  ...['totals.deliveredMarked', 'pathMtuMs'],
  ...['binds', 'low', 'high', 'sinceMs', 'probeBytes', 'probeStart', 'probeEnd', 'lost'].map(
    (name) => `mtuSearch.${name}`,
  ),
  // While anything is outstanding.
  ...['price', 'pricedWindow', 'pricedUs'].map((name) => `congestion.${name}`),
  // While their timers run.
  ...['armedBefore', 'retransmitAt', 'ackAt', 'finWaitAt', 'stalledMs'].map((name) => `timers.${name}`),
];
const LEFT_OUT = new Set([...NOTHING, ...DEAD, ...Object.keys(FIXED)]);

/** Largest values of fields that share a word with others; elsewhere an int32, signed or not. */
const MOST: Readonly<Record<string, number>> = {
  ...{ localPort: 65535, remotePort: 65535, ttl: 255, tos: 255, ipId: 65535, mss: 65535, mssPeer: 65535 },
  ...{ pathMtu: 65535, port: 15, sndScale: 14, rcvScale: 14, softError: 4095 },
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
  ...['bound', 'portChosen', 'addressNamed', 'scaling', 'sackPermitted', 'rcvUrgent', 'received.shutdown'],
  ...['acks.pingPong', 'acks.challenged', 'stamps.on', 'rtt.synRetransmitted', 'listening.deferred'],
  ...['noDelay', 'keepAlive', 'reuseAddress', 'broadcast', 'cork'].map((name) => `options.${name}`),
  ...['known', 'highestKnown', 'roundOn', 'undoable', 'undoStampKnown'].map((n) => `rack.${n}`),
  ...['epoch', 'limited', 'roundsBegun'].map((name) => `congestion.${name}`),
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
  const least = path === 'options.finWaitSeconds' || path === 'options.lingerSeconds' ? -1 : 0;
  if (path === 'owner') return fc.integer({ min: 0, max: 1 << 20 });
  const most = MOST[path];
  return most === undefined ? fc.integer() : fc.integer({ min: least, max: most });
}

const isLeftOut = (path: string) => {
  if (path === 'listening.deferred') return false;
  return LEFT_OUT.has(path) || LEFT_OUT.has(path.split('.')[0] as string);
};

describe('the record of a dormant connection', () => {
  const paths = [...fieldsOf(new Tcb(0)).keys()].filter((path) => !isLeftOut(path));

  it('gives every field back, of a Tcb with any values', () => {
    const values = fc.record(Object.fromEntries(paths.map((path) => [path, drawn(path)])));
    const words = new Int32Array(RECORD_WORDS * 3);
    fc.assert(
      fc.property(values, (all) => {
        const tcb = new Tcb(3);
        tcb.reset(DEFAULT_STACK_CONFIG);
        const fields = fieldsOf(tcb);
        for (const [path, value] of Object.entries({ ...FIXED, ...all })) {
          const [numbers, name] = fields.get(path) as [Numbers, string];
          numbers[name] = value;
        }
        for (const name of ['sndNxt', 'sndMax', 'sndEnd'] as const) tcb[name] = tcb.sndUna;
        expect(isIdle(tcb)).toBe(true);
        words.fill(-7);
        saveRecord(words, RECORD_WORDS, tcb);
        expect(words.subarray(0, RECORD_WORDS).every((word) => word === -7)).toBe(true);
        expect(words.subarray(RECORD_WORDS * 2).every((word) => word === -7)).toBe(true);
        const again = new Tcb(3);
        again.reset(DEFAULT_STACK_CONFIG);
        again.inUse = 1;
        loadRecord(words, RECORD_WORDS, again);
        const woken = fieldsOf(again);
        for (const path of [...paths, ...Object.keys(FIXED), 'sndNxt', 'sndMax', 'sndEnd']) {
          const [one, name] = fields.get(path) as [Numbers, string];
          const [other] = woken.get(path) as [Numbers, string];
          expect([path, other[name]]).toEqual([path, one[name]]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is at most 512 bytes', () => {
    expect(RECORD_WORDS * 4).toBeLessThanOrEqual(512);
  });

  it.each(NOTHING.filter((path) => !['sends', 'sent', 'listening'].includes(path)))(
    'is not made of a connection with something in "%s"',
    (path) => {
      const tcb = new Tcb(0);
      tcb.reset(DEFAULT_STACK_CONFIG);
      tcb.state = ESTABLISHED;
      tcb.owner = 1;
      expect(isIdle(tcb)).toBe(true);
      const [numbers, name] = fieldsOf(tcb).get(path) as [Numbers, string];
      numbers[name] = 1;
      const counted = [
        'queuedBytes',
        'head',
        'tail',
        'lateHead',
        'lateTail',
        'lateCount',
        'sackHead',
        'sackedBytes',
      ];
      // These follow from others that are looked at: slots held, and ranges counted.
      expect(isIdle(tcb)).toBe(counted.includes(name));
    },
  );
});
