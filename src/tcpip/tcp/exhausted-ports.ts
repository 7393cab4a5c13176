/**
 * A destination for which ephemeral ports are scarce: a search has been long, or has found every one in use. The
 * ports that have come free since are remembered, and are tried first, the one that did so longest ago before
 * the others. While it is known that only those can be used, no connect has to search for what is not there: at
 * exhaustion each would look at all of 64,512 ports. // Hot path of a host that is out of ports.
 */
import { assert } from '../../assert/assert.ts';
import { atOrAfter } from '../seq.ts';

/** Ports that may be free at once; with more, a search soon finds one by itself. */
const FREED_MAX = 1024;

export class ExhaustedPorts {
  /** Whether there is a destination whose ports are remembered; and whether no others can be used. */
  private followed = false;
  private known = false;
  private local = 0;
  private remote = 0;
  private remotePort = 0;
  /** From when on a port in TIME-WAIT may be used again though nothing has ended, on the slow clock. */
  private untilMs = 0;
  /** A circular list, and how many are in it. */
  private readonly freed = new Uint16Array(FREED_MAX);
  private oldest = 0;
  private count = 0;

  /** A search has been long: from now on the ports of its destination that come free are remembered. */
  follow(local: number, remote: number, remotePort: number): void {
    assert(remotePort > 0 && remotePort <= 0xffff, 'exhausted ports: a destination has a port');
    if (this.follows(local, remote, remotePort)) return;
    this.followed = true;
    this.known = false;
    this.local = local;
    this.remote = remote;
    this.remotePort = remotePort;
    this.count = 0;
  }

  /** A search has found none. @param untilMs when TIME-WAIT may let the first port go (RFC 6191). */
  note(local: number, remote: number, remotePort: number, untilMs: number): void {
    this.follow(local, remote, remotePort);
    this.known = true;
    this.untilMs = untilMs;
    this.count = 0;
  }

  /** Whether the ports of a destination that come free are remembered. */
  follows(local: number, remote: number, remotePort: number): boolean {
    return this.followed && this.remotePort === remotePort && this.remote === remote && this.local === local;
  }

  /** Whether it is known of a destination. All its ports are then in use but those that `takeFreed` gives. */
  isKnown(local: number, remote: number, remotePort: number): boolean {
    return this.known && this.follows(local, remote, remotePort);
  }

  /** Whether TIME-WAIT may have let a port go since. */
  isPast(nowMs: number): boolean {
    assert(this.known, 'exhausted ports: time passes for a destination that is known');
    return atOrAfter(nowMs, this.untilMs);
  }

  /** It has not, and will not before then. */
  extend(untilMs: number): void {
    assert(this.known, 'exhausted ports: what is put off is known');
    this.untilMs = untilMs;
  }

  /** @returns a port that has come free, which is forgotten; 0: none has. */
  takeFreed(): number {
    assert(this.followed, 'exhausted ports: what has come free is asked of a destination that is followed');
    if (this.count === 0) return 0;
    const port = this.freed[this.oldest];
    this.oldest = (this.oldest + 1) % FREED_MAX;
    this.count -= 1;
    return port;
  }

  /** A connection has left the demultiplexer. @param ports the peer's in the upper half. */
  left(remote: number, local: number, ports: number): void {
    if (!this.followed || ports >>> 16 !== this.remotePort) return;
    if (remote !== this.remote || local !== this.local) return;
    assert((ports & 0xffff) !== 0, 'exhausted ports: a connection that leaves had a port');
    if (this.count < FREED_MAX) {
      this.freed[(this.oldest + this.count) % FREED_MAX] = ports & 0xffff;
      this.count += 1;
      return;
    }
    // Ports are scarce no longer.
    this.followed = false;
    this.known = false;
  }

  /** Something else may have made a port free. */
  forget(): void {
    this.known = false;
  }
}
