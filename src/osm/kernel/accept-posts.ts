/**
 * Posts socket ids to the card for the connections that listeners wait for. A listener that finds no socket
 * id or no frame owes its post: the driver's chores make up for it, since the program is not told of
 * connections that the card cannot hand over.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { SOCKET_ACCEPT_POST_LIST_MAX } from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import { type HostSocket, STATE_LISTENING } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { Requests } from '../message/requests.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class AcceptPosts {
  /** Set while the card is not to be asked again yet (retries.ts). */
  held = false;
  private readonly requests: Requests;
  private readonly table: SocketTable;
  private readonly config: DriverConfig;
  private readonly socketIds = new Int32Array(SOCKET_ACCEPT_POST_LIST_MAX);
  /**
   * Listeners that owe a post: a list with room for every socket, each in it once (`HostSocket.acceptsOwed`).
   */
  private readonly owing: Int32Array;
  private owingCount = 0;

  constructor(requests: Requests, table: SocketTable, config: DriverConfig) {
    this.requests = requests;
    this.table = table;
    this.config = config;
    this.owing = new Int32Array(config.socketsMax);
  }

  /** Posts socket ids for a listener until as many are posted as its backlog, and the configuration, want. */
  post(listenerId: number, listener: HostSocket): void {
    const { table, requests, config, socketIds } = this;
    assert(listener.state === STATE_LISTENING, 'accept posts: socket ids are posted for a listener');
    const wanted = Math.min(config.acceptsPosted, listener.backlog + 1 - listener.acceptCount);
    // Only when half are used up, so that several go in one message.
    if (wanted <= 0 || listener.acceptsPosted > wanted >> 1) return;
    const count = Math.min(wanted - listener.acceptsPosted, table.available, SOCKET_ACCEPT_POST_LIST_MAX);
    const frame = count > 0 && !this.held ? requests.acquire() : NO_FRAME;
    if (frame === NO_FRAME) {
      this.owe(listenerId, listener);
      return;
    }
    for (let i = 0; i < count; i++) socketIds[i] = table.post(listenerId);
    assert(listener.acceptsPosted <= wanted, 'accept posts: no more socket ids are posted than are wanted');
    requests.acceptPost(frame, listenerId, socketIds, count);
  }

  /** Posts for the listeners that owe; those that find no socket id or no frame again owe again. */
  postOwed(): void {
    if (this.held) return;
    const count = this.owingCount;
    this.owingCount = 0;
    for (let i = 0; i < count; i++) {
      const socketId = this.owing[i];
      const listener = this.table.sockets[socketId];
      if (COSTLY) assert(listener.acceptsOwed === 1, 'accept posts: a listener in the list is marked so');
      listener.acceptsOwed = 0;
      if (listener.state === STATE_LISTENING) this.post(socketId, listener);
    }
  }

  /** The listener's post is made up for later. */
  owe(socketId: number, listener: HostSocket): void {
    if (listener.acceptsOwed !== 0) return;
    assert(this.owingCount < this.owing.length, 'accept posts: each listener is in the list once');
    listener.acceptsOwed = 1;
    this.owing[this.owingCount++] = socketId;
  }
}
