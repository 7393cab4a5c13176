/**
 * Posts socket numbers to the card for the connections a listener waits for. A listener that finds no number or no frame
 * owes its post: the driver's chores make up for it, since the program is not told of connections the card cannot hand over.
 */
import { NO_FRAME } from '../../i2o/transport.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import { type HostSocket, STATE_LISTENING, STATE_POSTED } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import { ACCEPTS_PER_FRAME, type Requests } from '../message/requests.ts';

export class AcceptPosts {
  private readonly requests: Requests;
  private readonly table: SocketTable;
  private readonly config: DriverConfig;
  private readonly numbers = new Int32Array(ACCEPTS_PER_FRAME);
  /** Listeners that owe a post; a list with room for every socket. */
  private readonly owing: Int32Array;
  private owingCount = 0;
  /** Set while the card is not to be asked again yet. */
  held = false;

  constructor(requests: Requests, table: SocketTable, config: DriverConfig) {
    this.requests = requests;
    this.table = table;
    this.config = config;
    this.owing = new Int32Array(config.socketsMax);
  }

  /** Posts numbers at a listener until enough are. */
  post(listenerNumber: number, listener: HostSocket): void {
    const { table, requests, config, numbers } = this;
    const wanted = Math.min(config.acceptsPosted, listener.backlog + 1 - listener.acceptCount);
    // Half at a time, so that several go in one message.
    if (wanted <= 0 || listener.acceptsPosted > wanted >> 1) return;
    const count = Math.min(wanted - listener.acceptsPosted, table.available, ACCEPTS_PER_FRAME);
    const frame = count > 0 && !this.held ? requests.acquire() : NO_FRAME;
    if (frame === NO_FRAME) {
      this.owe(listenerNumber, listener);
      return;
    }
    for (let i = 0; i < count; i++) numbers[i] = table.take(STATE_POSTED);
    listener.acceptsPosted += count;
    requests.acceptPost(frame, listenerNumber, numbers, count);
  }

  /** Posts for the listeners that owe; those that find none again owe again. */
  postOwed(): void {
    if (this.held) return;
    const count = this.owingCount;
    this.owingCount = 0;
    for (let i = 0; i < count; i++) {
      const number = this.owing[i];
      const listener = this.table.sockets[number];
      listener.acceptsOwed = 0;
      if (listener.state === STATE_LISTENING) this.post(number, listener);
    }
  }

  /** The listener's post is made up for later. */
  owe(number: number, listener: HostSocket): void {
    if (listener.acceptsOwed !== 0) return;
    listener.acceptsOwed = 1;
    this.owing[this.owingCount++] = number;
  }
}
