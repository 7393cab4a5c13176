/** Says of a card's TAP that its interface is gone: to the card it is a cable that nobody has at its other end. */
import { existsSync } from 'node:fs';

export class TapWatch {
  private readonly name: string;
  private readonly write: (line: string) => void;
  private readonly exists: (name: string) => boolean;
  /** Whether the interface was there at the last look. Where none is ever seen (no /sys), none is missed. */
  private isThere: boolean;

  /** @param write takes a line; by default, stderr. @param exists whether there is an interface of a name. */
  constructor(
    name: string,
    write: (line: string) => void = (line) => process.stderr.write(line),
    exists: (name: string) => boolean = (it) => existsSync(`/sys/class/net/${it}`),
  ) {
    this.name = name;
    this.write = write;
    this.exists = exists;
    this.isThere = exists(name);
  }

  /** Says what has happened since the last look. */
  look(): void {
    const isThere = this.exists(this.name);
    if (this.isThere && !isThere) {
      this.write(
        `inic: the interface ${this.name} is gone, and with it the card's network: start the program again\n`,
      );
    }
    this.isThere = isThere;
  }
}
