/**
 * The stack's edges, and nothing else: what it needs below (`LinkPort`), what it is handed from below (`LinkClient`) and
 * what it tells above (`SocketOwner`). The stack knows neither thread, message, device nor clock (design rule 2); whoever
 * drives it passes the time, and calls in this order, as often as there is work:
 *
 *   input(packet …)* → advance(now) → calls from above* → flush(now)
 *
 * Input only changes state and marks connections that owe the wire something; `flush` sends. So every queued segment is
 * processed before any acknowledgement goes out (RFC 9293 MUST-59), and a failed output never stops input.
 *
 * Time is `nowUs`: microseconds, wrapping as an int32; compare with `(a - b) | 0`. Errors are errno numbers of
 * `socket/errno.ts`, 0 for none. IPv4 addresses are int32 numbers, most significant byte first; ports plain numbers.
 */

/** Offload work the device does for a packet being sent. */
export const TX_CHECKSUM = 1; // fill in the TCP/UDP checksum; the field holds the pseudo-header's partial sum
export const TX_SEGMENT = 2; // cut the payload into segments of `segmentBytes`, repeat and adjust the headers (TSO)
export const TX_RETRANSMIT = 4; // these bytes have been on the wire before: only the ledger cares

/** What the device found out about a packet it received. */
export const RX_CHECKSUM_CHECKED = 1; // IPv4 header and TCP/UDP checksums were verified and are good

/** What a stack sends through. One packet is built at a time: `claim`, headers, `addPiece`*, `send`. */
export interface LinkPort {
  /** Largest IPv4 packet in bytes, 68 to 65535. */
  readonly mtu: number;
  /** Our hardware address: its first two bytes, and its last four as an int32. */
  readonly macHigh: number;
  readonly macLow: number;
  /** Whether TX_CHECKSUM may be asked for. */
  readonly transmitChecksum: boolean;
  /** The most payload one TX_SEGMENT request may carry in bytes; 0 where the device cannot segment. */
  readonly segmentBytesMax: number;
  /** Payload pieces one packet may have. */
  readonly piecesMax: number;
  /**
   * Claims space for one packet's headers.
   * @returns an address with room for 128 bytes, where the Ethernet header goes first; -1 when the transmit ring is full.
   *   A claim is followed by `send` or by another `claim` (which abandons it).
   */
  claim(): number;
  /** Adds payload by reference. It must stay unchanged until `send` returns: the device fetches during the call. */
  addPiece(address: number, length: number): void;
  /** Sends what was built. @param headerLength Ethernet, IPv4 and transport headers together. */
  send(headerLength: number, flags: number, segmentBytes: number): void;
}

/** What a device hands packets to. */
export interface LinkClient {
  /**
   * A frame has arrived in a packet slot.
   * @param address its first byte, the Ethernet header. @param length bytes. @param flags RX_ bits.
   * @returns true when the client keeps the slot and frees it later; false when the caller frees it.
   */
  input(packet: number, address: number, length: number, flags: number, nowUs: number): boolean;
}

/**
 * What a stack tells its user. `owner` is the number the user gave a connection (a socket number); a connection without a
 * user (closed, lingering) has owner -1 and tells nothing. No call may re-enter the stack.
 */
export interface SocketOwner {
  /** An active open has ended: errno 0 when established. */
  connected(owner: number, errno: number): void;
  /** A listener's accept queue went from empty to not empty. */
  acceptable(owner: number): void;
  /** There is in-order data to `take`, or the end of the stream has been reached. */
  readable(owner: number): void;
  /** The connection is gone: reset or timed out. Nothing more comes or goes. */
  failed(owner: number, errno: number): void;
  /** The user's connection went from one state of `tcp/state.ts` to another. */
  stateChanged(owner: number, before: number, state: number): void;
  /** A full backlog has dropped a connection to the user's listener. */
  overflowed(owner: number): void;
  /** Everything a send queued under this context is acknowledged, or discarded: the bytes are the user's again. */
  sendDone(context: number): void;
}
