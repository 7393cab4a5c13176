/**
 * The echo module. It stands in place of the socket module when the message layer alone is measured (`inic
 * bench MSG_RR`).
 */
import { assert } from '../../assert/assert.ts';
import {
  checkExecutiveRequest,
  DETAILED_STATUS_INVALID_MESSAGE_FLAGS,
  DETAILED_STATUS_SUCCESS,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  getPrivateEchoSequence,
  getPrivateEchoXFunctionCode,
  PRIVATE_ECHO,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
  writePrivateEchoReply,
} from '../../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTarget, frameTransactionContext } from '../../i2o/frame.ts';
import { ECHO_CLASS_ID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { NEVER } from '../../time/agent.ts';
import type { Module } from '../module/module.ts';
import { CounterGroup, type ParameterGroup } from '../module/parameter-group.ts';
import type { Outbound } from '../reply/outbound.ts';

/** XFunctionCode of a request that is answered, and of one that is only counted. */
export const ECHO = 1;
export const COUNT_ONLY = 2;

/**
 * Words of a request, and the bits of its word 0 that must be 0, since it has no list and is one transaction.
 */
const ECHO_WORDS = 6;
const FLAGS_AND_OFFSET = 0xfff0;

export class EchoModule implements Module {
  readonly classId = ECHO_CLASS_ID;
  readonly classVersion = 1;
  /** It raises no events of its own. */
  readonly eventCapabilities = 0;
  readonly parameterGroups: readonly ParameterGroup[];
  /** Count-only requests whose sequence number was the one expected, since the last quiesce. */
  inSequence = 0;
  private readonly outbound: Outbound;
  private readonly counted: CounterGroup;

  constructor(outbound: Outbound) {
    this.outbound = outbound;
    this.counted = new CounterGroup(0x0100, ['inSequence'], () => this.inSequence >>> 0);
    this.parameterGroups = [this.counted];
  }

  attachEvents(): void {}

  request(frame: number, functionCode: number, sizeWords: number): void {
    const words = this.outbound.words;
    if (functionCode !== PRIVATE_ECHO) {
      this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_UNKNOWN_FUNCTION);
      return;
    }
    const code = getPrivateEchoXFunctionCode(words, frame);
    if (
      (words[frame] & FLAGS_AND_OFFSET) !== 0 ||
      sizeWords < ECHO_WORDS ||
      (code !== ECHO && code !== COUNT_ONLY)
    ) {
      this.refuse(frame, sizeWords);
      return;
    }
    const sequence = getPrivateEchoSequence(words, frame);
    if (code === COUNT_ONLY) {
      if (sequence === this.inSequence) this.inSequence = (this.inSequence + 1) | 0;
      return;
    }
    const reply = this.outbound.acquire();
    assert(reply !== NO_FRAME, 'echo: a request finds a free frame for its answer');
    writePrivateEchoReply(
      words,
      reply,
      frameTarget(words, frame),
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      DETAILED_STATUS_SUCCESS,
      sequence,
    );
    this.outbound.post();
  }

  setHostPageBytes(): void {}

  /** Every request is answered at once, so that there is never one to end. */
  abort(): number {
    return 0;
  }

  poll(): number {
    return 0;
  }

  nextDeadlineNs(): number {
    return NEVER;
  }

  quiesce(): void {
    this.inSequence = 0;
    this.counted.restart();
  }

  /** The generated check finds out what is wrong, and where. Only the flags it does not look at. */
  private refuse(frame: number, sizeWords: number): void {
    const fault = checkExecutiveRequest(this.outbound.words, frame, sizeWords);
    if (fault !== 0) this.outbound.refused(frame, fault);
    else this.outbound.transactionError(frame, DETAILED_STATUS_INVALID_MESSAGE_FLAGS, 1, 0);
  }
}
