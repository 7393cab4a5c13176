/**
 * Which of a client's connections are past its start. All of them begin at once, and what is measured then is
 * that burst, not what goes on for as long as one likes.
 */
import { assert } from '../assert/assert.ts';

export class Settling {
  /** Connections that are not. */
  left: number;
  private readonly fresh: Uint8Array;

  /** @param openLoop arrivals keep to a clock from the start, and may never come to some connections. */
  constructor(connections: number, openLoop: boolean) {
    this.left = openLoop ? 0 : connections;
    this.fresh = new Uint8Array(connections).fill(openLoop ? 0 : 1);
  }

  /** A connection has gone on as it always will. */
  settled(connection: number): void {
    if (this.fresh[connection] === 0) return;
    assert(this.left > 0, 'settling: a connection that is past its start was counted before');
    this.fresh[connection] = 0;
    this.left -= 1;
  }
}
