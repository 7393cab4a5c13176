/**
 * Requests about listeners: SocketListen makes a stream one, SocketAcceptPost gives it the numbers that
 * connections to come are accepted under. From `control-requests`: requests whose socket is open.
 * `ConnectionReplies` answers each posted number.
 */
import { assert } from '../../assert/assert.ts';
import { frameInitiatorContext } from '../../i2o/frame.ts';
import {
  getSocketAcceptPostCount,
  getSocketListenBacklog,
  REPLY_MODE_BATCH,
  SOCKET_ACCEPT_POST_LIST_MAX,
  SOCKET_ACCEPT_POST_LIST_WORD,
} from '../../i2o/socket.gen.ts';
import { isSocketNumber } from '../../i2o/socket-number.ts';
import { EINVAL } from '../../socket/errno.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import { LISTEN } from '../../tcpip/tcp/state.ts';
import type { Answers } from '../replies/answers.ts';
import {
  type CardSocket,
  KIND_FREE,
  KIND_LISTENER,
  KIND_POSTED,
  PENDING_ACCEPT,
} from '../sockets/card-socket.ts';
import type { PendingSockets } from '../sockets/pending-sockets.ts';

export class ListenRequests {
  private readonly words: Int32Array;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly pending: PendingSockets;
  private readonly answers: Answers;

  constructor(
    words: Int32Array,
    stack: Stack,
    sockets: readonly CardSocket[],
    pending: PendingSockets,
    answers: Answers,
  ) {
    this.words = words;
    this.stack = stack;
    this.sockets = sockets;
    this.pending = pending;
    this.answers = answers;
  }

  /** SocketListen. @returns errno. */
  listen(frame: number, socketId: number, socket: CardSocket): number {
    const errno = this.stack.tcpListen(socket.connection, getSocketListenBacklog(this.words, frame));
    if (errno === 0) {
      socket.kind = KIND_LISTENER;
      this.pending.note(socketId, PENDING_ACCEPT);
    }
    return errno;
  }

  /**
   * SocketAcceptPost: posts socket numbers for connections to come. A number that is in use or out of range
   * is passed over: one EINVAL then answers the whole message, and the good numbers are posted all the same.
   */
  acceptPost(frame: number, listenerId: number, listener: CardSocket): void {
    const { words, sockets } = this;
    const count = getSocketAcceptPostCount(words, frame);
    assert(
      count <= SOCKET_ACCEPT_POST_LIST_MAX,
      'listen requests: the check has bounded the list of numbers',
    );
    const initiatorContext = frameInitiatorContext(words, frame);
    // A listener that has been shut down stays one here until its numbers have gone back, but takes no more.
    const listens = listener.kind === KIND_LISTENER && this.stack.tcpState(listener.connection) === LISTEN;
    let faults = listens ? 0 : count;
    for (let i = 0; i < count && listens; i++) {
      const postedId = words[frame + SOCKET_ACCEPT_POST_LIST_WORD + i];
      const posted = isSocketNumber(postedId, sockets.length) ? sockets[postedId] : undefined;
      if (posted === undefined || posted.kind !== KIND_FREE) {
        faults += 1;
        continue;
      }
      posted.clear();
      posted.kind = KIND_POSTED;
      posted.postedFor = listenerId;
      posted.initiatorContext = initiatorContext;
      if (listener.postedTail < 0) {
        listener.postedHead = postedId;
      } else {
        const tail = sockets[listener.postedTail];
        assert(
          tail.kind === KIND_POSTED && tail.postedNext < 0,
          'listen requests: the list of posted numbers ends at its tail',
        );
        tail.postedNext = postedId;
      }
      listener.postedTail = postedId;
    }
    if (faults > 0) this.answers.outcome(frame, EINVAL, REPLY_MODE_BATCH);
    this.pending.note(listenerId, PENDING_ACCEPT);
  }
}
