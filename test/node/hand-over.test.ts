/** Passing handles to other processes: the calls that the hand-over puts itself into go on as they came. */
import { describe, expect, it } from 'vitest';
import type { NativeBindings } from '../../src/node/bindings.ts';
import { installHandOver } from '../../src/node/hand-over.ts';
import type { Seam } from '../../src/node/opening.ts';

/** A seam of which the hand-over sees only what is here: each call tells with what it was called. */
function recordingSeam(calls: unknown[][]): Seam {
  class Process {
    spawn(...values: unknown[]): number {
      calls.push(['spawn', ...values]);
      return 0;
    }
  }
  class Pipe {
    writeUtf8String(...values: unknown[]): number {
      calls.push(['writeUtf8String', ...values]);
      return 0;
    }
    writeBuffer(...values: unknown[]): number {
      calls.push(['writeBuffer', ...values]);
      return 0;
    }
  }
  class TCP {}
  return { native: { Process, Pipe, TCP } as unknown as NativeBindings } as Seam;
}

describe('a hand-over', () => {
  const stdio = [{ type: 'pipe' }, { type: 'ignore' }, { type: 'inherit' }, { type: 'wrap', handle: {} }];
  it.each([
    ['one object of options', [{ file: 'true', stdio }]],
    ['options without stdio', [{ file: 'true' }]],
    ['values one by one', ['true', ['true'], undefined, ['A=1'], stdio, 4, undefined, 1000]],
    ['values without stdio', ['true', ['true'], undefined, ['A=1'], undefined, 0]],
  ])('spawns with %s, all of them', (_, values) => {
    const calls: unknown[][] = [];
    const seam = recordingSeam(calls);
    const remove = installHandOver(seam);
    seam.native.Process.prototype.spawn(...values);
    expect(calls).toEqual([['spawn', ...values]]);
    remove();
  });

  it('writes to a pipe with all that a later Node may give', () => {
    const calls: unknown[][] = [];
    const seam = recordingSeam(calls);
    const remove = installHandOver(seam);
    const pipe = seam.native.Pipe.prototype as unknown as Record<string, (...values: unknown[]) => number>;
    pipe['writeUtf8String']({}, 'text');
    pipe['writeBuffer']({}, new Uint8Array(1), undefined, 'more');
    expect(calls.map((call) => call.length)).toEqual([3, 5]);
    remove();
  });
});
