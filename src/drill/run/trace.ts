/** All that went in and out, in the order in which it happened: a script that would pass. */

interface Entry {
  readonly us: number;
  readonly order: number;
  readonly text: string;
}

export class Trace {
  private readonly entries: Entry[] = [];
  private order = 0;

  /** Takes a place for what happens now and is told later. */
  nextOrder(): number {
    this.order += 1;
    return this.order;
  }

  /** @param text the event without its time. */
  add(us: number, text: string, order: number = this.nextOrder()): void {
    this.entries.push({ us, order, text });
  }

  lines(): string[] {
    const sorted = [...this.entries].sort((a, b) => a.us - b.us || a.order - b.order);
    return sorted.map(({ us, text }) => `${(us / 1e6).toFixed(6)} ${text}`);
  }
}
