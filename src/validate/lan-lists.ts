/**
 * Lists of a network port's messages: packets, each of which has its context in its first piece, and buckets,
 * wherever in the host's memory for them. Beside what every list's tables have, it notes where they lie.
 */
import { assert } from '../assert/assert.ts';
import { LAN_SDU_SEND } from '../i2o/lan.gen.ts';
import { hex } from './findings.ts';
import { ListJudge } from './list-judge.ts';
import { isInArea } from './memory-areas.ts';

/** More than the largest frame has room for. */
const PIECES_MAX = 1024;
const NOBODY = -1;

export class LanListJudge extends ListJudge {
  /** By what is named: its bytes. */
  readonly bytesOf = new Int32Array(PIECES_MAX);
  /** Pieces of packets: where, how long, and of which of those named. Of buckets: one each. */
  readonly address = new Int32Array(PIECES_MAX);
  readonly length = new Int32Array(PIECES_MAX);
  readonly owns = new Int32Array(PIECES_MAX);
  pieces = 0;
  /** The packet whose pieces go on. */
  private packet = NOBODY;

  protected override begin(): void {
    this.pieces = 0;
    this.packet = NOBODY;
  }

  protected override transmitPiece(
    contexts: number,
    context: number,
    address: number,
    count: number,
    closes: boolean,
  ): void {
    const { transmit, packets } = this.head.memory;
    if (contexts > this.contextWords) this.fault('S-01', `a packet's context of ${contexts} words`);
    const begins = this.packet === NOBODY;
    if (begins && contexts === 0) {
      this.fault('S-01', 'a packet without a context');
      return;
    }
    if (!begins && contexts > 0) this.fault('S-03', 'a packet that is not closed by END_OF_BUFFER');
    if (!isInArea(transmit, address, count) && (packets === undefined || !isInArea(packets, address, count)))
      this.fault('S-05', `${count} bytes at ${hex(address)} are in no memory for packets`);
    if (begins || contexts > 0) {
      this.packet = this.named;
      this.bytesOf[this.packet] = 0;
      this.name(context, NOBODY);
    }
    this.note(address, count);
    this.openContext = closes ? NOBODY : 0;
    if (closes) this.packet = NOBODY;
  }

  protected override bucketPiece(
    contexts: number,
    context: number,
    address: number,
    count: number,
    closes: boolean,
  ): void {
    const { receive } = this.head.memory;
    if (contexts !== 1) {
      this.fault('S-01', `a bucket's context of ${contexts} words`);
      return;
    }
    if (!isInArea(receive, address, count))
      this.fault('S-05', `${count} bytes at ${hex(address)} are in no memory for buckets`);
    if (!closes) this.fault('S-03', `the bucket of context ${hex(context)} is not closed by END_OF_BUFFER`);
    this.elements += 1;
    this.packet = this.named;
    this.bytesOf[this.packet] = 0;
    this.name(context, 0);
    this.note(address, count);
  }

  /** Memory of the card's own is lent to nobody. */
  protected override slotPiece(): boolean {
    return false;
  }

  /** LanSduSend has the destination address behind each context. */
  private get contextWords(): number {
    return this.row.functionCode === LAN_SDU_SEND ? 3 : 1;
  }

  private note(address: number, count: number): void {
    const { pieces, packet } = this;
    assert(pieces < PIECES_MAX, 'lan lists: what a frame can name fits the tables');
    this.address[pieces] = address;
    this.length[pieces] = count;
    this.owns[pieces] = packet;
    this.bytesOf[packet] += count;
    this.pieces = pieces + 1;
  }
}
