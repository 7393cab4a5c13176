/** The memory of a card with the TCP window, shared out between what is sent and what has come. */

/** In buffers and slots of fixed sizes. */
export interface WindowParts {
  /** Blocks that calls fill, for the send queues of all connections. */
  readonly transmitBuffers: number;
  /** Packets that wait to be put in order, and to be placed. */
  readonly packetSlots: number;
}

/**
 * @param bytes of card memory for both. @param transmitShare of it for what is sent, between 0 and 1.
 * @param bufferBytes of a block. @param slotBytes of a packet.
 * @param slotsMin packets that receive rings hold already, and a few more.
 * @throws RangeError of one line where a part does not hold its least.
 */
export function splitWindow(
  bytes: number,
  transmitShare: number,
  bufferBytes: number,
  slotBytes: number,
  slotsMin: number,
): WindowParts {
  const transmitBuffers = Math.floor((bytes * transmitShare) / bufferBytes);
  const packetSlots = Math.floor((bytes * (1 - transmitShare)) / slotBytes);
  const share = `${Math.round(transmitShare * 100)} % of ${bytes} bytes of card memory`;
  if (transmitBuffers < 1) {
    throw new RangeError(`${share} for what is sent hold no block of ${bufferBytes} bytes: give it more`);
  }
  if (packetSlots < slotsMin) {
    throw new RangeError(
      `all but ${share} hold ${packetSlots} packets, and the receive rings take ${slotsMin}: give it more`,
    );
  }
  return { transmitBuffers, packetSlots };
}
