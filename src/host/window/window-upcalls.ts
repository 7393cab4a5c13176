/** What the stack tells the sockets of a host whose card has the TCP window: bytes are to be placed. */
import type { SendMemory } from '../send-memory.ts';
import type { Sock } from '../sock.ts';
import { SockUpcalls } from '../sock-upcalls.ts';
import type { Placements } from './placements.ts';

export class WindowUpcalls extends SockUpcalls {
  private readonly placements: Placements;

  constructor(socks: readonly Sock[], memory: SendMemory, placements: Placements) {
    super(socks, memory);
    this.placements = placements;
  }

  /** What the byte is the stack cannot see where its payload is the card's: it is looked at once it is placed. */
  override urgent(owner: number, ahead: number, _byte: number, readable: number): void {
    const unread = this.placements.unread(owner);
    super.urgent(owner, ahead + unread, -1, readable + unread);
  }

  override readable(owner: number): void {
    this.placements.want(owner);
    super.readable(owner);
  }
}
