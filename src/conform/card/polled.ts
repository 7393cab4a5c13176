/**
 * What a card writes to memory in place of a reply: the status word of ExecOutboundInit and ExecIopReset, and
 * the status block of ExecStatusGet. The host waits for it there, so a card that forgets it is never up.
 */
import {
  getExecIopResetStatusAddressLow,
  getExecStatusGetBufferAddressLow,
  getStatusBlockI2oVersion,
  getStatusBlockIopState,
  getStatusBlockSyncByte,
  IOP_STATE_HOLD,
  IOP_STATE_NAMES,
  IOP_STATE_OPERATIONAL,
  IOP_STATE_READY,
  IOP_STATE_RESET,
  POLLED_STATUS_COMPLETE,
  POLLED_STATUS_IN_PROGRESS,
  POLLED_STATUS_NAMES,
  STATUS_BLOCK_WORDS,
} from '../../i2o/executive.gen.ts';
import type { Vector } from './vector-file.ts';
import type { VectorHost } from './vector-host.ts';

/** Word of ExecOutboundInit where the address of its first element is. */
const STATUS_ELEMENT_ADDRESS_WORD = 7;
const WHOLE = 0xff;
const VERSION_1_5 = 1;
const STATES: Readonly<Record<string, number>> = {
  reset: IOP_STATE_RESET,
  hold: IOP_STATE_HOLD,
  ready: IOP_STATE_READY,
  operational: IOP_STATE_OPERATIONAL,
};

/** What a request's card is to have written, once it rests. */
export class Polled {
  private readonly host: VectorHost;
  private readonly vector: Vector;
  private readonly address: number;
  /** The status that the word is to hold; undefined: it is a block, or nothing is expected. */
  private readonly status: number | undefined;

  /** Clears the place, so that nothing that was written there before is taken for an answer. */
  constructor(host: VectorHost, vector: Vector) {
    this.host = host;
    this.vector = vector;
    const words = host.placed(vector);
    const { answer, polled } = vector.expect;
    const legal = answer === 'legal';
    switch (vector.message) {
      case 'ExecOutboundInit':
        this.address = words[STATUS_ELEMENT_ADDRESS_WORD];
        this.status = (polled as number | undefined) ?? (legal ? POLLED_STATUS_COMPLETE : undefined);
        break;
      case 'ExecIopReset':
        this.address = getExecIopResetStatusAddressLow(words, 0);
        this.status = legal ? POLLED_STATUS_IN_PROGRESS : undefined;
        break;
      default:
        this.address = getExecStatusGetBufferAddressLow(words, 0);
    }
    if (this.isBlock || this.status !== undefined)
      host.write(this.address, new Int32Array(STATUS_BLOCK_WORDS));
  }

  /** What is polled for of this vector; undefined where nothing is. */
  static of(host: VectorHost, vector: Vector): Polled | undefined {
    const { message, kind } = vector;
    const names = ['ExecOutboundInit', 'ExecIopReset', 'ExecStatusGet'];
    return kind === 'request' && names.includes(message) ? new Polled(host, vector) : undefined;
  }

  /** @returns what is wrong; '' for nothing. */
  judge(): string {
    const { host, address, status } = this;
    if (this.isBlock) return wrongBlock(host.read(address, STATUS_BLOCK_WORDS), this.vector.state);
    if (status === undefined) return '';
    const [word] = host.read(address, 1);
    if (word === status) return '';
    const found = POLLED_STATUS_NAMES[word] ?? `0x${(word >>> 0).toString(16)}`;
    return `the status word is to say ${POLLED_STATUS_NAMES[status]}, and says ${word === 0 ? 'nothing' : found}`;
  }

  private get isBlock(): boolean {
    return this.vector.message === 'ExecStatusGet' && this.vector.expect.answer === 'legal';
  }
}

function wrongBlock(block: Int32Array, state = 'operational'): string {
  if (getStatusBlockSyncByte(block, 0) !== WHOLE) return 'the status block was never written whole';
  const version = getStatusBlockI2oVersion(block, 0);
  if (version !== VERSION_1_5) return `the status block is of I2O version ${version}, not ${VERSION_1_5}`;
  const said = getStatusBlockIopState(block, 0);
  const expected = STATES[state];
  if (expected === undefined || said === expected) return '';
  const found = IOP_STATE_NAMES[said] ?? `0x${said.toString(16)}`;
  return `the status block says ${found}, and the IOP is ${IOP_STATE_NAMES[expected]}`;
}
