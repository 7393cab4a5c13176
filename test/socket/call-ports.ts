/** The ports of a sequence of calls: which are fixed, and what the others are called. */
/**
 * Where a sequence happens: no two share an address or a fixed port, or one would meet the other's past.
 */
export interface Site {
  readonly address: number;
  readonly otherAddress: number;
  readonly firstPort: number;
}

/** The fixed port of the listener that is full. */
export const FULL = 3;

/** The names of one stack's ports, in the order in which they appeared. */
export class Ports {
  private readonly site: Site;
  private readonly names = new Map<number, string>();

  constructor(site: Site) {
    this.site = site;
  }

  name(port: number): string {
    const fixed = port - this.site.firstPort;
    if (port === 0) return '0';
    if (fixed >= 0 && fixed <= FULL) return `fixed ${fixed}`;
    let name = this.names.get(port);
    if (name === undefined) {
      name = `chosen ${this.names.size}`;
      this.names.set(port, name);
    }
    return name;
  }
}
