/** Whether a reply has the words that the spec gives it, with good values in them: rules F-03 and F-08. */
import { getErrorOffset, HEADER_WORDS, TRANSACTION_ERROR_WORDS } from '../i2o/frame.ts';
import { SOCKET_SEND, SOCKET_SEND_TO } from '../i2o/socket.gen.ts';
import { type Findings, hex } from './findings.ts';
import { type MessageRow, TARGET_DEVICE } from './message-rows.ts';

/** A reply's first word of its own: behind the header, the TransactionContext and the status. */
const FIRST_WORD = HEADER_WORDS + 1;
/** Word of a transaction error with the bit in the byte that is wrong. */
const BIT_OFFSET_WORD = 6;
const BYTE_BITS = 8;

export class ReplyLayout {
  private readonly findings: Findings;
  private readonly frameBytes: number;

  constructor(findings: Findings, frameBytes: number) {
    this.findings = findings;
    this.frameBytes = frameBytes;
  }

  /** A successful reply. */
  judge(row: MessageRow, words: Int32Array, at: number, sizeWords: number): void {
    if (!row.known) return;
    const { functionCode } = row;
    // Their replies are lists, which are judged as such.
    const sends = functionCode === SOCKET_SEND || functionCode === SOCKET_SEND_TO;
    if (row.target === TARGET_DEVICE && sends) return;
    if (sizeWords < row.replyWords) {
      this.fault('F-03', row, `a reply of ${sizeWords} words, not ${row.replyWords}`);
      return;
    }
    this.nothingBehind(row, sizeWords, row.replyWords);
    const { replyChecks, replyReserved } = row;
    for (let word = FIRST_WORD; word < replyReserved.length; word++) {
      const stray = words[at + word] & replyReserved[word];
      if (stray !== 0) this.fault('F-08', row, `bits ${hex(stray)} of word ${word} of a reply`);
    }
    for (let i = 0; i < replyChecks.length; i++) {
      const check = replyChecks[i];
      if (!check.good(words, at))
        this.fault('F-03', row, `reply with ${check.name} ${hex(check.read(words, at))}`);
    }
  }

  /** Rule F-11. @param end the word behind the last that the reply's form has. */
  nothingBehind(row: MessageRow, sizeWords: number, end: number): void {
    if (sizeWords > end)
      this.fault('F-11', row, `a reply of ${sizeWords} words, of which ${end} mean something`);
  }

  /** A transaction error: the place where it says that the request is wrong. */
  judgeErrorPlace(
    row: MessageRow,
    words: Int32Array,
    at: number,
    sizeWords: number,
    requestWords: number,
  ): void {
    this.nothingBehind(row, sizeWords, TRANSACTION_ERROR_WORDS);
    const offset = getErrorOffset(words, at);
    const bit = words[at + BIT_OFFSET_WORD];
    if (sizeWords < TRANSACTION_ERROR_WORDS) {
      this.fault('F-03', row, `a transaction error of ${sizeWords} words, not ${TRANSACTION_ERROR_WORDS}`);
    } else if (
      offset < 0 ||
      offset >= Math.min(this.frameBytes, requestWords * 4) ||
      bit < 0 ||
      bit >= BYTE_BITS
    ) {
      this.fault('F-03', row, `a transaction error at byte ${offset >>> 0}, bit ${bit >>> 0} of the request`);
    }
  }

  private fault(rule: string, row: MessageRow, seen: string): void {
    this.findings.report(rule, row.index, `${row.name}: ${seen}`);
  }
}
