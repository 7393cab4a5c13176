/**
 * The stack's edges, and nothing else: what it needs below (`LinkPort`), what it is handed from below
 * (`LinkClient`) and what it tells above (`SocketOwner`). The stack knows neither thread, message, device nor
 * clock. Whoever drives it passes the time in, and calls in this order, as often as there is work:
 *
 *   input(packet …)* → advance(now) → calls from above* → flush(now)
 *
 * Input only changes state and marks the connections that owe the wire something; `flush` sends. So every
 * queued segment is processed before any acknowledgement goes out (RFC 9293 MUST-59), and a failed output
 * never stops input.
 *
 * Time is `nowUs`: microseconds, an int32 that wraps; `seq.ts` compares two of them. Errors are errno numbers
 * of `socket/errno.ts`, 0 for none. IPv4 addresses are int32 numbers, most significant byte first; port
 * numbers are plain numbers.
 */

// Work that the device is asked to do for a packet being sent.
/** Fill in the TCP or UDP checksum; its field holds the folded sum of the pseudo-header. */
export const TX_CHECKSUM = 1;
/**
 * Cut the payload into segments of `segmentBytes` bytes, and repeat and adjust the headers for each (TSO).
 */
export const TX_SEGMENT = 2;
/** These bytes have been on the wire before. It changes nothing on the wire; the ledger counts them apart. */
export const TX_RETRANSMIT = 4;

/** What the device found out about a packet that it received: IPv4 and TCP or UDP checksums are good. */
export const RX_CHECKSUM_CHECKED = 1;
/**
 * The packet was put together of several segments of one TCP connection, each in a slot of its own, or was
 * never cut into them and lies in one (`PacketPool.chains`): its headers stand in the first, and say the
 * length of all. Its checksums were good when they came, and RX_CHECKSUM_CHECKED goes with it.
 */
export const RX_MERGED = 2;

/**
 * Bytes of the memory that a stack is lent to put small pieces together in: the payload of the longest packet
 * fits.
 */
export const GATHER_BYTES = 65536;

/** What a stack sends through. One packet is built at a time: `claim`, headers, `addPiece`*, `send`. */
export interface LinkPort {
  /** Largest IPv4 packet in bytes, 68 to 65535. */
  readonly mtu: number;
  /** The port's hardware address: its first two bytes as a number, and its last four as an int32. */
  readonly macHigh: number;
  readonly macLow: number;
  /** Whether TX_CHECKSUM may be asked for. */
  readonly transmitChecksum: boolean;
  /** Whether what is sent lies where the stack cannot read it: it then makes no checksum of payload. */
  readonly hidesPayload?: boolean;
  /** The most payload that one TX_SEGMENT request may carry, in bytes; 0 where the device cannot segment. */
  readonly segmentBytesMax: number;
  /**
   * Pieces of payload that one packet may have, at least 1. TCP copies small ones together where a segment
   * would have more.
   */
  readonly piecesMax: number;
  /**
   * Claims space for one packet's headers.
   * @returns an address with room for 128 bytes, where the Ethernet header goes first; -1 when the transmit
   *   ring is full. A claim is followed by `send`, or by another `claim`, which abandons it.
   */
  claim(): number;
  /**
   * Adds payload by reference. It must stay unchanged until `send` returns: the device fetches it during that
   * call. @param length at least 1.
   */
  addPiece(address: number, length: number): void;
  /**
   * Sends what was built. @param headerLength Ethernet, IPv4 and transport headers together. @param flags TX_
   * bits. @param segmentBytes with TX_SEGMENT the payload of each segment, else 0.
   */
  send(headerLength: number, flags: number, segmentBytes: number): void;
}

/** What a device hands packets to. */
export interface LinkClient {
  /**
   * A frame has arrived in a packet slot.
   * @param packet the slot's number. @param address the frame's first byte, where the Ethernet header starts.
   * @param length bytes. @param flags RX_ bits; with RX_MERGED the frame goes on in other slots.
   * @returns true when the client keeps the slot and frees it later; false when the caller frees it. Of a
   *   packet in several slots either is said of them all: a client that keeps some has freed the others.
   */
  input(packet: number, address: number, length: number, flags: number, nowUs: number): boolean;
  /** The device's link has come up or gone down. */
  linkChanged?(up: boolean, nowUs: number): void;
}

/**
 * What a stack tells its user. `owner` is the number that the user gave a connection or UDP socket. A
 * connection that its user has given up and that still lingers has owner -1, and nobody is told of it. No
 * call may re-enter the stack.
 */
export interface SocketOwner {
  /** An active open has ended: with errno 0 the connection is established. */
  connected(owner: number, errno: number): void;
  /** A listener's accept queue was empty and is so no more. */
  acceptable(owner: number): void;
  /** There is in-order data to `take`, or the end of the stream or an error has been reached. */
  readable(owner: number): void;
  /** The connection was reset or has timed out. Nothing more comes or goes. */
  failed(owner: number, errno: number): void;
  /** The user's connection went from one state of `tcp/state.ts` to another. */
  stateChanged(owner: number, before: number, state: number): void;
  /** A full backlog has dropped a connection to the user's listener. */
  overflowed(owner: number): void;
  /**
   * What became of the address of a port: it is used, taken by another station, defended or given up.
   * @param outcome an ADDRESS_ number of `arp/address-conflicts.ts`.
   */
  addressSettled?(port: number, outcome: number): void;
  /** A connection that has TCP_NOTSENT_LOWAT has sent bytes for the first time. */
  sent?(owner: number): void;
  /**
   * There is an urgent byte that was not told of before, or one that was told of has come.
   * @param distance how many bytes that the user has not taken come before it. @param byte -1: it has not come.
   * @param readable how many bytes the user could take.
   */
  urgent?(owner: number, distance: number, byte: number, readable: number): void;
  /**
   * Everything that a send queued under this context is acknowledged, or discarded: the bytes are the user's
   * again.
   */
  sendDone(context: number): void;
}
