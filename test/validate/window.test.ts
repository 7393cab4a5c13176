/** Unbroken hosts and cards with the TCP window break no rule, whatever they carry. */
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { classNamed, machineNamed } from '../../src/spec/catalogue.ts';
import { runWindowTour } from '../../src/tour/window-live.ts';
import { Validator } from '../../src/validate/validator.ts';
import { found } from './found.ts';
import { type LanRun, runLan } from './lan-world.ts';

const FEW = {
  packetSlots: 96,
  rxRing: 16,
  txRing: 8,
  'pools.inboundFrames': 8,
  'pools.outboundFrames': 8,
  'pools.transmitBuffers': 8,
};

describe.each(TRANSPORTS)('cards with the TCP window, %s', (transport) => {
  it.each<[string, LanRun]>([
    ['requests and responses', { workload: 'TCP_RR' }],
    ['connections', { workload: 'TCP_CRR', operations: 40 }],
    [
      'a stream over a link that loses packets',
      { workload: 'TCP_STREAM', operations: 60, lossProbability: 0.02 },
    ],
    ['a stream with few of everything', { workload: 'TCP_STREAM', operations: 60, settings: FEW }],
    ['datagrams', { workload: 'UDP_RR', size: 500 }],
  ])('break no rule: %s', (_name, run) => {
    const validators = [new Validator(), new Validator()];
    const traces = validators.map((sink) => ({ sink }));
    const settings = { ...run.settings, transport };
    const world = runLan(traces, { ...run, window: true, settings });
    expect(world.unbalanced()).toBeUndefined();
    expect(validators.flatMap(found)).toEqual([]);
    for (const { frames, ended, coverage, notJudged } of validators) {
      expect(ended).toBe(true);
      expect(notJudged).toEqual([]);
      expect(frames).toBeGreaterThan(100);
      const lines = new Map(coverage?.lines().map((line) => [line.message, line]));
      expect(lines.get('WindowSend')?.successes).toBeGreaterThan(10);
      expect(lines.get('WindowHeaders')?.successes).toBeGreaterThan(10);
    }
  });
});

describe.each(TRANSPORTS)('the tour of the window, %s', (transport) => {
  it.each([1, 2, 3, 4])('gets through and breaks no rule (seed %i)', (seed) => {
    const validator = new Validator();
    expect(runWindowTour(validator, { transport }, seed, 3)).toBe('');
    expect(found(validator)).toEqual([]);
    const { coverage } = validator;
    const met = coverage?.lines().map(({ message }) => message) ?? [];
    const messages = classNamed('window')?.messages.map(({ name }) => name) ?? [];
    expect(messages.length).toBeGreaterThan(7);
    for (const message of messages) expect(met).toContain(message);
    const states = machineNamed('window')?.states.map(({ name }) => name);
    expect(coverage?.states).toEqual(states);
  });
});
