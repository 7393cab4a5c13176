/**
 * Where the window of a recorded card lies in that of the replay's: the transmit part at the same distance from
 * its beginning, and each packet in whichever slot the replay's card has put the packet that stands for it.
 */
export class WindowPlaces {
  private transmitFrom = 0;
  private transmitTo = 0;
  private transmitBytes = 0;
  private slotsFrom = 0;
  private slotBytes = 0;
  private slotsEnd = 0;
  /** By recorded slot: how far the replay's packet lies from the recorded one. */
  private readonly distance = new Map<number, number>();

  /** A window was opened. Words are those of WindowOpen replies, from word 0 on. */
  opened(fields: Readonly<Record<string, unknown>>, ours: Readonly<Record<string, unknown>>): void {
    this.transmitFrom = addressOf(fields['transmitAddress']);
    this.transmitTo = addressOf(ours['transmitAddress']);
    this.transmitBytes = Number(fields['transmitBytesMax']);
    this.slotsFrom = addressOf(fields['slotsAddress']);
    this.slotBytes = Number(fields['slotBytes']);
    this.slotsEnd = this.slotsFrom + this.slotBytes * Number(fields['slotCount']);
  }

  /** Both cards have told of the same packet. */
  arrived(recorded: number, replayed: number): void {
    this.distance.set(this.slotOf(recorded), replayed - recorded);
  }

  /** @returns the address of the replay; undefined where the replay's card has not told of the packet. */
  of(recorded: number): number | undefined {
    const { transmitFrom, transmitTo, transmitBytes } = this;
    if (recorded >= transmitFrom && recorded < transmitFrom + transmitBytes)
      return recorded - transmitFrom + transmitTo;
    if (recorded < this.slotsFrom || recorded >= this.slotsEnd) return recorded;
    const distance = this.distance.get(this.slotOf(recorded));
    return distance === undefined ? undefined : recorded + distance;
  }

  private slotOf(address: number): number {
    return Math.floor((address - this.slotsFrom) / this.slotBytes);
  }
}

function addressOf(value: unknown): number {
  return Number(value);
}
