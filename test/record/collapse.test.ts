/** Runs that a median would hide. */
import { expect, it } from 'vitest';
import { collapsedRuns } from '../../src/record/collapse.ts';

it('are those below half of the median of their side', () => {
  expect(collapsedRuns([100, 49, 101, 51, 100])).toEqual([1]);
  expect(collapsedRuns([100, 50, 100])).toEqual([]);
  expect(collapsedRuns([])).toEqual([]);
});
