/**
 * Connections that another stack has taken over a moment ago. What of theirs was on its way to this stack is
 * dropped: a reset, which nobody's segment is answered by (RFC 9293 §3.10.7.1), would end what goes on
 * elsewhere.
 */
import { assert } from '../../assert/assert.ts';
import type { Environment } from '../environment.ts';
import { before } from '../seq.ts';

/** Those that left last are known, so many of them, and for so long. */
const DEPARTED_MAX = 256;
const KNOWN_MS = 1000;

export class Departed {
  private readonly environment: Environment;
  private readonly remote = new Int32Array(DEPARTED_MAX);
  private readonly local = new Int32Array(DEPARTED_MAX);
  private readonly ports = new Int32Array(DEPARTED_MAX);
  private readonly untilMs = new Int32Array(DEPARTED_MAX);
  /** 1 where an entry says something. */
  private readonly known = new Uint8Array(DEPARTED_MAX);
  private next = 0;
  private count = 0;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  /** @param ports the remote one in the upper half. */
  add(remote: number, local: number, ports: number): void {
    assert(ports !== 0, 'departed: a connection has ports');
    const at = this.next;
    this.next = (at + 1) % DEPARTED_MAX;
    this.count += 1 - this.known[at];
    this.remote[at] = remote;
    this.local[at] = local;
    this.ports[at] = ports;
    this.untilMs[at] = (this.environment.nowMs + KNOWN_MS) | 0;
    this.known[at] = 1;
    assert(this.count <= DEPARTED_MAX, 'departed: no more connections are known than there is room for');
  }

  /** Whether a segment is of one of them. // Hot path where there are none. */
  has(remote: number, local: number, ports: number): boolean {
    return this.count > 0 && this.find(remote, local, ports) >= 0;
  }

  /** The connection has come back, or is another now. */
  forget(remote: number, local: number, ports: number): void {
    for (let at = this.find(remote, local, ports); at >= 0; at = this.find(remote, local, ports))
      this.drop(at);
  }

  private find(remote: number, local: number, ports: number): number {
    const { nowMs } = this.environment;
    for (let at = 0; at < DEPARTED_MAX && this.count > 0; at++) {
      if (this.known[at] === 0) continue;
      if (!before(nowMs, this.untilMs[at])) this.drop(at);
      else if (this.ports[at] === ports && this.remote[at] === remote && this.local[at] === local) return at;
    }
    return -1;
  }

  private drop(at: number): void {
    assert(this.known[at] === 1, 'departed: a connection is forgotten once');
    this.known[at] = 0;
    this.count -= 1;
  }
}
