/** What requests of the socket class do besides waiting for an answer: buffers, buckets, numbers and credits. */
import { creditSocketId } from '../i2o/credit.ts';
import { frameInitiatorContext } from '../i2o/frame.ts';
import {
  getSocketReceivePostBucketCount,
  getSocketSendToAddress,
  getSocketSendToPort,
  SOCKET_ACCEPT_POST,
  SOCKET_EXPORT,
  SOCKET_IMPORT,
  SOCKET_RECEIVE_CREDIT,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
  SOCKET_SEND_TO,
} from '../i2o/socket.gen.ts';
import { hex } from './findings.ts';
import type { MessageRow } from './message-rows.ts';
import type { Trial } from './trial.ts';

export class SocketPosts {
  /**
   * InitiatorContexts of the latest bucket post and of the latest send: whom records and returned contexts
   * are for.
   */
  receiveInitiator = 0;
  sendInitiator = 0;
  receivePosted = false;
  sendPosted = false;
  private readonly trial: Trial;

  constructor(trial: Trial) {
    this.trial = trial;
  }

  /** A request of the device is posted. @param good it is to be taken. // Hot path. */
  effects(row: MessageRow, words: Int32Array, at: number, socket: number, good: boolean): void {
    const { trial } = this;
    const { lists } = trial;
    switch (row.functionCode) {
      case SOCKET_SEND:
      case SOCKET_SEND_TO:
        this.sendInitiator = frameInitiatorContext(words, at);
        this.sendPosted = true;
        for (let i = 0; i < lists.named; i++) {
          trial.transmit.send(lists.context[i], lists.owner[i], good);
          trial.transmit.sent(lists.context[i], lists.size[i]);
        }
        if (lists.chained) trial.transmit.unseen = true;
        if (good) trial.sums.sent += lists.bytes;
        else trial.sums.unsure = true;
        this.accounted(row, words, at, socket, good);
        break;
      case SOCKET_IMPORT:
        if (!this.sendPosted) this.sendInitiator = frameInitiatorContext(words, at);
        this.sendPosted = trial.transmit.unseen = true;
        trial.accounts?.doubt(socket);
        break;
      case SOCKET_EXPORT:
        trial.accounts?.doubt(socket);
        break;
      case SOCKET_RECEIVE_POST:
        this.receiveInitiator = frameInitiatorContext(words, at);
        this.receivePosted = true;
        if (!good) trial.sums.refusedBuckets = true;
        if (lists.chained || !good)
          trial.receive.hide(this.bucketsUnseen(getSocketReceivePostBucketCount(words, at)));
        for (let i = 0; i < lists.named; i++) trial.receive.post(lists.bucket[i], lists.context[i]);
        trial.receive.complete();
        break;
      case SOCKET_RECEIVE_CREDIT:
        if (good) this.credits(row, words, at);
        break;
      case SOCKET_ACCEPT_POST:
        if (good) this.acceptPosts(row, words, at, socket);
        break;
    }
  }

  /** The bytes of a send belong to the streams of its sockets. */
  private accounted(row: MessageRow, words: Int32Array, at: number, socket: number, good: boolean): void {
    const { lists, accounts } = this.trial;
    if (accounts === undefined) return;
    if (row.functionCode === SOCKET_SEND_TO) {
      if (socket < 0) return;
      const [address, port] = [getSocketSendToAddress(words, at), getSocketSendToPort(words, at)];
      accounts.datagrams.sent(socket, address, port, lists.bytes, good && !lists.chained);
      return;
    }
    for (let i = 0; i < lists.named; i++)
      accounts.send(lists.owner[i], lists.context[i], lists.size[i], words, lists.dataWord[i]);
    if (good && !lists.chained) return;
    accounts.doubt(socket);
    for (let i = 0; i < lists.transactions; i++) accounts.doubt(lists.transactionSocket[i]);
  }

  /** Buckets a message announces beside those its list is seen to name. */
  private bucketsUnseen(announced: number): number {
    const { lists, receive } = this.trial;
    if (announced < 0 || announced > receive.count) return receive.count;
    return Math.max(0, announced - lists.named);
  }

  private credits(row: MessageRow, words: Int32Array, at: number): void {
    const { sockets } = this.trial;
    const count = row.listCount!.read(words, at);
    for (let i = 0; i < count; i++) {
      const pair = at + row.listWord + i * row.listStride;
      const socket = creditSocketId(words[pair], words[at + 4]);
      if (!sockets.has(socket) || words[pair + 1] <= 0) {
        this.fault('F-01', row, `${words[pair + 1]} bytes of socket ${hex(socket)}`);
      } else {
        sockets.credit(socket, words[pair + 1]);
      }
    }
  }

  private acceptPosts(row: MessageRow, words: Int32Array, at: number, listener: number): void {
    const { sockets } = this.trial;
    const count = row.listCount!.read(words, at);
    for (let i = 0; i < count; i++) {
      const acceptedId = words[at + row.listWord + i];
      if (!sockets.has(acceptedId)) this.fault('F-01', row, `acceptedId ${hex(acceptedId)}`);
      else sockets.post(acceptedId, listener, frameInitiatorContext(words, at));
    }
  }

  private fault(rule: string, row: MessageRow, seen: string): void {
    this.trial.findings.report(rule, row.index, `${row.name}: ${seen}`);
  }
}
