/** The door to what judges the answers of network ports, whichever their class. */
import type { MessageRow } from './message-rows.ts';

/** What judges the answers of a class of network ports. */
export interface PortReplies {
  /** The rule that is broken where a malformed message succeeds. */
  readonly acceptedRule: string;
  /** A reply with a list. */
  list(row: MessageRow, words: Int32Array, at: number, sizeWords: number, port: number): void;
  /** An answer to a request as a whole has been found. @param illegal it was to be refused. */
  answered(
    row: MessageRow,
    words: Int32Array,
    at: number,
    port: number,
    success: boolean,
    illegal: boolean,
  ): void;
  /** The request was not delivered. */
  failed(row: MessageRow, port: number): void;
}
