/** What a calibration that came to nothing says: whether the machine was busy, and what to do. */
import { describe, expect, it } from 'vitest';
import { failureText, isBusy } from '../../src/calibrate/failure.ts';
import { priced, profileOf, profileText } from '../../src/calibrate/machine-profile.ts';
import { LOOKING, looped, ROUND_TRIP } from '../../src/calibrate/runs.ts';
import { readTopology } from '../../src/world/topology.ts';

const QUIET = { load: 0.2, cores: 2 };
const BUSY = { load: 4.126, cores: 2 };

/** What a host's turn of four seconds, as a thread that was put aside for long has it, makes of a profile. */
function outOfRange(): unknown {
  const costs = { host: { hostPolls: 4e9 }, card: { iopPolls: 100 }, newsNs: 0, wakes: undefined };
  const text = profileText(costs, { title: 'machine', method: 'measured', shape: 'thread' });
  try {
    return readTopology(priced(looped(ROUND_TRIP, 'thread', LOOKING), profileOf(text)));
  } catch (error) {
    return error;
  }
}

describe('a calibration that came to nothing', () => {
  it('on a busy machine says so, and what to do', () => {
    expect(failureText('TCP_RR x1, threads', new Error('nothing moved'), BUSY)).toBe(
      'TCP_RR x1, threads: nothing moved; this machine was busy (load average 4.13 on 2 cores): ' +
        'calibrate again when nothing else runs',
    );
  });

  it('with a cost that no world may have says what made it so', () => {
    const error = outOfRange();
    expect(error).toBeInstanceOf(RangeError);
    expect(failureText('TCP_RR x1, threads', error, QUIET)).toBe(
      'TCP_RR x1, threads: "hosts.host.processor.costs.hostPolls" expected 0 to 1000000 nanoseconds, got ' +
        '4000000000; other work may have taken the cores: calibrate again when nothing else runs',
    );
  });

  it('on a quiet machine for another reason blames no load', () => {
    expect(failureText('wake-ups', new Error('the live world has ended'), QUIET)).toBe(
      'wake-ups: the live world has ended',
    );
  });

  it('a machine is busy when its load leaves less than a core and a half', () => {
    expect([isBusy({ load: 0.5, cores: 2 }), isBusy({ load: 0.6, cores: 2 })]).toEqual([false, true]);
    expect(isBusy({ load: 2, cores: 4 })).toBe(false);
  });
});
