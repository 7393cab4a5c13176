/** A module of another class than the fake one, to stand beside it on a card with several. */
import { frameTransactionContext, writeHeader } from '../../src/i2o/frame.ts';
import { HOST_TID } from '../../src/i2o/tids.ts';
import type { Module } from '../../src/iop/module/module.ts';
import { NumberGroup } from '../../src/iop/module/parameter-group.ts';
import { FakeModule } from './fake-module.ts';

export const OTHER_CLASS = 0x0a2;
export const OTHER_GROUP = 0x0300;

/**
 * Answers nothing; counts its turns, wants one at a given time, and sends replies of its own while told to.
 */
export class OtherModule extends FakeModule {
  override readonly classId = OTHER_CLASS;
  override readonly parameterGroups = [
    new NumberGroup(OTHER_GROUP, [{ name: 'n', byteLength: 4 }], () => 42),
  ];
  turns = 0;
  deadlineNs = Number.POSITIVE_INFINITY;
  pollThrows = false;
  forgotten = 0;
  pages = 0;
  readonly destroyedContexts: number[] = [];
  tid = 0;
  flooding = false;
  sent = 0;

  override attachEvents(events: Parameters<Module['attachEvents']>[0], tid?: number): void {
    super.attachEvents(events);
    this.tid = tid!;
  }
  override setHostPageBytes(bytes?: number): void {
    this.pages = bytes!;
  }
  override poll(): number {
    this.turns += 1;
    if (this.pollThrows) throw new Error('poll');
    if (!this.flooding) return 0;
    let sent = 0;
    while (this.outbound.hasFrame()) {
      const frame = this.outbound.acquire();
      writeHeader(this.outbound.words, frame, 0, 0xc0, 5, this.tid, HOST_TID, 0xff, 0, this.tid);
      this.outbound.post();
      sent += 1;
    }
    this.sent += sent;
    return sent;
  }
  override nextDeadlineNs(): number {
    return this.deadlineNs;
  }
  forget(): void {
    this.forgotten += 1;
  }
  destroyed(reply: number): void {
    this.destroyedContexts.push(frameTransactionContext(this.outbound.words, reply));
  }
}
