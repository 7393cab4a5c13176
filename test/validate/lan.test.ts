/** Unbroken hosts and cards of network ports break no rule, whatever they carry. */
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { classNamed } from '../../src/spec/catalogue.ts';
import { runLanTour } from '../../src/tour/lan-live.ts';
import { Findings } from '../../src/validate/findings.ts';
import { LanWire } from '../../src/validate/lan-wire.ts';
import { Validator } from '../../src/validate/validator.ts';
import { found } from './found.ts';
import { type LanRun, runLan } from './lan-world.ts';

const FEW = {
  packetSlots: 48,
  rxRing: 16,
  txRing: 4,
  'pools.inboundFrames': 8,
  'pools.outboundFrames': 8,
  'pools.transmitBuffers': 4,
};

describe.each(['ring', 'fifo'])('cards of network ports, %s', (transport) => {
  it.each<[string, LanRun]>([
    ['requests and responses', { workload: 'TCP_RR' }],
    ['connections', { workload: 'TCP_CRR', operations: 60 }],
    ['a stream', { workload: 'TCP_STREAM', operations: 60 }],
    [
      'a stream over a link that loses packets',
      { workload: 'TCP_STREAM', operations: 60, lossProbability: 0.02 },
    ],
    ['a stream with few of everything', { workload: 'TCP_STREAM', operations: 60, settings: FEW }],
  ])('break no rule: %s', (_name, run) => {
    const validators = [new Validator(), new Validator()];
    const traces = validators.map((sink) => ({ sink }));
    const world = runLan(traces, { ...run, settings: { ...run.settings, transport } });
    expect(world.unbalanced()).toBeUndefined();
    expect(validators.flatMap(found)).toEqual([]);
    for (const { frames, ended, coverage } of validators) {
      expect(ended).toBe(true);
      expect(frames).toBeGreaterThan(100);
      const lines = new Map(coverage?.lines().map((line) => [line.message, line]));
      expect(lines.get('LanPacketSend')?.successes).toBeGreaterThan(10);
      expect(lines.get('LanReceivePost')?.successes).toBeGreaterThan(10);
      expect(coverage?.states).toEqual(['Operational', 'Suspending', 'Suspended', 'Resetting']);
    }
  });
});

describe.each(TRANSPORTS)('the tour of network ports, %s', (transport) => {
  it.each([1, 2, 3])('gets through and breaks no rule (seed %i)', (seed) => {
    const validator = new Validator();
    expect(runLanTour(validator, { transport }, seed, 2)).toBe('');
    expect(found(validator)).toEqual([]);
    const met = validator.coverage?.lines().map(({ message }) => message) ?? [];
    const messages = classNamed('lan')?.messages.map(({ name }) => name) ?? [];
    expect(messages.length).toBeGreaterThan(4);
    for (const message of messages) expect(met).toContain(message);
  });
});

it('a packet of the greatest length that IPv4 has, left and told of, breaks nothing', () => {
  const findings = new Findings();
  const wire = new LanWire(findings);
  for (const number of [1, 2]) {
    wire.post(number, 65_549, true);
    wire.packet(true, 65_549);
    wire.sent(number);
  }
  wire.finish(true);
  expect(findings.violations).toEqual([]);
});
