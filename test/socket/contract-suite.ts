/**
 * What every stack under `socket/contract.ts` must answer, call by call. Run on the kernel it states what
 * Linux does; run on the card it finds every difference. No expectation here is ours: each was first seen on
 * the kernel.
 */
import { afterEach, beforeEach, describe } from 'vitest';
import type { SocketStack } from '../../src/socket/contract.ts';
import { Bed } from './bed.ts';
import { afterwardsTests } from './contract-afterwards.ts';
import { bytesTests } from './contract-bytes.ts';
import { congestionTests } from './contract-congestion.ts';
import { datagramTests } from './contract-datagrams.ts';
import { edgeTests } from './contract-edges.ts';
import { endingTests } from './contract-ending.ts';
import { flagTests } from './contract-flags.ts';
import { infoTests } from './contract-info.ts';
import { lowatTests } from './contract-lowats.ts';
import { openingTests } from './contract-opening.ts';
import { urgentTests } from './contract-urgent.ts';

export interface StackUnderTest {
  readonly stack: SocketStack;
  /** Gives everything back; called after each test. */
  close(): Promise<void>;
}

export function socketContractTests(name: string, makeStack: () => Promise<StackUnderTest>): void {
  describe(`${name}: the socket contract`, () => {
    let under: StackUnderTest;
    let current: Bed;
    const bed = (): Bed => current;

    beforeEach(async () => {
      under = await makeStack();
      current = new Bed(under.stack);
    });

    afterEach(async () => {
      current.closeAll();
      await under.close();
    });

    congestionTests(bed);
    infoTests(bed);
    lowatTests(bed);
    openingTests(bed);
    bytesTests(bed);
    endingTests(bed);
    afterwardsTests(bed);
    edgeTests(bed);
    datagramTests(bed);
    flagTests(bed);
    urgentTests(bed);
  });
}
