import { describe, expect, it } from 'vitest';
import { lackForThread } from '../../src/world/thread/thread-limits.ts';

const GIBIBYTE = 2 ** 30;

function limits(addressSpace: number | string, data: number | string): string {
  return [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    `Max data size             ${data}            unlimited            bytes     `,
    `Max address space         ${addressSpace}            unlimited            bytes     `,
  ].join('\n');
}

/** One GiB of address space and half a GiB of data. */
const STATUS = 'VmPeak:\t 2000000 kB\nVmSize:\t 1048576 kB\nVmData:\t  524288 kB\n';

describe('the room for a thread', () => {
  it('is there without limits, and where nothing is known of them', () => {
    expect(lackForThread(limits('unlimited', 'unlimited'), STATUS)).toBeUndefined();
    expect(lackForThread('', '')).toBeUndefined();
  });

  it('is there where the limits leave enough', () => {
    expect(lackForThread(limits(2 * GIBIBYTE, GIBIBYTE), STATUS)).toBeUndefined();
  });

  it.each([
    ['ulimit -v', limits(1.5 * GIBIBYTE, 'unlimited'), 'takes 800 MiB', 'leaves 512'],
    ['ulimit -v', limits(GIBIBYTE / 2, 'unlimited'), 'takes 800 MiB', 'leaves 0'],
    ['ulimit -d', limits('unlimited', 0.6 * GIBIBYTE), 'takes 120 MiB', 'leaves 102'],
  ])('is lacking by %s, which the line names', (option, text, takes, leaves) => {
    const lack = lackForThread(text, STATUS);
    for (const part of [option, takes, leaves]) expect(lack).toContain(part);
    expect(lack).not.toContain('\n');
  });
});
