/** Whom to answer later: what a reply repeats of a request whose frame has been released meanwhile. */
import { assert } from '../../assert/assert.ts';
import {
  frameFunction,
  frameInitiator,
  frameInitiatorContext,
  frameTarget,
  frameTransactionContext,
} from '../../i2o/frame.ts';

export class PendingRequest {
  /** Whether the request still waits for its last reply. */
  open = false;
  target = 0;
  initiator = 0;
  functionCode = 0;
  initiatorContext = 0;
  transactionContext = 0;

  /** Keeps the addresses and contexts of the request at a word index. It is open from now on. */
  hold(words: Int32Array, frame: number): void {
    assert(!this.open, 'pending request: one that is open is not overwritten');
    this.open = true;
    this.target = frameTarget(words, frame);
    this.initiator = frameInitiator(words, frame);
    this.functionCode = frameFunction(words, frame);
    this.initiatorContext = frameInitiatorContext(words, frame);
    this.transactionContext = frameTransactionContext(words, frame);
  }
}
