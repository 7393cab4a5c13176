/**
 * Posts socket ids to the card for the connections that listeners wait for. How many follows need: a listener
 * begins with one, and each post that finds them used up doubles what it wants, up to the configuration's
 * number. What listeners have beyond their first comes out of a common share of the ids, so that any number
 * of listeners leaves most of them to others. A listener that finds no socket id or no frame owes its post:
 * the driver's chores make up for it, since the program is not told of connections that the card cannot hand
 * over. Those wait in the card's accept queue.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { SOCKET_ACCEPT_POST_LIST_MAX } from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { ACCEPTS_WITHOUT_SOCKET } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import { type HostSocket, STATE_LISTENING } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { Requests } from '../message/requests.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** One of so many socket ids may be posted beyond the first of each listener. */
const SOCKETS_PER_POST = 4;

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
  private readonly counters: Float64Array;

  constructor(requests: Requests, table: SocketTable, config: DriverConfig, ledger: Ledger) {
    this.counters = ledger.counters;
    this.requests = requests;
    this.table = table;
    this.config = config;
    this.owing = new Int32Array(table.sockets.length);
  }

  /** Posts socket ids for a listener until as many are posted as its backlog, and its share, let it want. */
  post(listenerId: number, listener: HostSocket): void {
    const { table, config } = this;
    assert(listener.state === STATE_LISTENING, 'accept posts: socket ids are posted for a listener');
    const most = Math.min(config.acceptsPosted, listener.acceptsWanted);
    const wanted = Math.min(most, listener.backlog + 1 - listener.acceptCount);
    // Only when half are used up, so that several go in one message.
    if (wanted <= 0 || listener.acceptsPosted > wanted >> 1) return;
    let count = Math.min(wanted - listener.acceptsPosted, SOCKET_ACCEPT_POST_LIST_MAX);
    const first = listener.acceptsPosted === 0 ? 1 : 0;
    // Beyond the first: of the common share, and none that a connection made here may still need elsewhere.
    const share = Math.floor(table.most / SOCKETS_PER_POST);
    const further = Math.min(share - table.posted, table.available - first - table.unaccepted);
    count = Math.min(count, first + Math.max(0, further));
    if (count > 0) this.send(listenerId, listener, count, wanted);
  }

  private send(listenerId: number, listener: HostSocket, count: number, wanted: number): void {
    const { table, requests, config, socketIds } = this;
    if (table.available === 0) this.counters[ACCEPTS_WITHOUT_SOCKET] += 1;
    const frame = table.available > 0 && !this.held ? requests.acquire() : NO_FRAME;
    if (frame === NO_FRAME) {
      this.owe(listenerId, listener);
      return;
    }
    for (let i = 0; i < count; i++) socketIds[i] = table.post(listenerId);
    assert(listener.acceptsPosted <= wanted, 'accept posts: no more socket ids are posted than are wanted');
    requests.acceptPost(frame, listenerId, socketIds, count);
    listener.acceptsWanted = Math.min(config.acceptsPosted, 2 * listener.acceptsWanted);
  }

  /**
   * Posts for the listeners that owe, the one that has waited longest first; those that find no frame owe
   * again, and those for which no socket id is left go on waiting.
   */
  postOwed(): void {
    if (this.held || this.owingCount === 0 || this.table.available === 0) return;
    const count = this.owingCount;
    this.owingCount = 0;
    for (let i = 0; i < count; i++) {
      const socketId = this.owing[i];
      const listener = this.table.sockets[socketId];
      if (this.table.available === 0 && listener.state === STATE_LISTENING) {
        this.owing[this.owingCount++] = socketId;
        continue;
      }
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
