/**
 * A card's thread whose socket module breaks when the test asks for it: by an error of any kind, or by an
 * assertion. The test asks in the last words of the control area, which nothing else uses.
 */
import { workerData } from 'node:worker_threads';
import { AssertionFailure } from '../../src/assert/assert.ts';
import { SocketModule } from '../../src/ism/socket-module.ts';
import type { IopThreadData } from '../../src/world/thread/iop-thread.ts';
import { BREAK_ASSERTION, BREAK_ERROR, breakWord } from './faulty.ts';

const { memory, plan } = workerData as IopThreadData;
const words = new Int32Array(memory.buffer);
const word = breakWord(plan.cards[0].memory.layout);
const { poll } = SocketModule.prototype;

SocketModule.prototype.poll = function broken(this: SocketModule): number {
  const how = Atomics.exchange(words, word, 0);
  if (how === BREAK_ERROR) throw new RangeError('the module broke');
  if (how === BREAK_ASSERTION) throw new AssertionFailure('the module asserts what does not hold');
  return poll.call(this);
};
await import('../../src/world/thread/iop-thread.ts');
