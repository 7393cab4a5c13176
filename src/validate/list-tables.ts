/** What a request's list names, in tables that are filled anew for each. */
import { assert } from '../assert/assert.ts';

const NAMED_MAX = 1024; // more than the largest frame has room for
const PAGE_BYTES_DEFAULT = 4096;

export class ListTables {
  /**
   * The list's contexts (of transmit buffers and slots, or of buckets), the bucket or −1, and whose they are.
   */
  readonly context = new Int32Array(NAMED_MAX);
  readonly bucket = new Int32Array(NAMED_MAX);
  readonly owner = new Int32Array(NAMED_MAX);
  /** Bytes of each, and the word at which immediate data begins; -1 for a buffer. */
  readonly size = new Int32Array(NAMED_MAX);
  readonly dataWord = new Int32Array(NAMED_MAX);
  named = 0;
  /** Transactions of a batch: their contexts, and the numbers of their sockets. */
  readonly transaction = new Int32Array(NAMED_MAX);
  readonly transactionSocket = new Int32Array(NAMED_MAX);
  transactions = 0;
  elements = 0;
  bytes = 0;
  /** The list goes on where no trace sees it. */
  chained = false;
  /** Address of the first control buffer the card is to write; 0 for none. */
  answerAddress = 0;
  hostPageBytes = PAGE_BYTES_DEFAULT;
  /** Whose list it is, or whose the transaction at hand; −1 for nobody's. */
  protected socket = -1;
  /** Of the piece at hand. */
  protected pieceBytes = 0;
  protected pieceWord = -1;

  protected clear(): void {
    this.named = 0;
    this.transactions = 0;
    this.elements = 0;
    this.bytes = 0;
    this.chained = false;
    this.answerAddress = 0;
  }

  protected name(context: number, bucket: number): void {
    assert(this.named < NAMED_MAX, 'list judge: what a frame can name fits the tables');
    this.context[this.named] = context;
    this.bucket[this.named] = bucket;
    this.owner[this.named] = this.socket;
    this.size[this.named] = this.pieceBytes;
    this.dataWord[this.named] = this.pieceWord;
    this.named += 1;
  }

  /** The buffer named last has another piece. */
  protected grow(count: number): void {
    if (this.named > 0) this.size[this.named - 1] = this.size[this.named - 1] + count;
  }
}
