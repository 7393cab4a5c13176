/** The requests that only read: options, names, states. Each is answered at once; there is a frame (`Module.request`). */
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTransactionContext } from '../../i2o/frame.ts';
import {
  getSocketNameGetWhich,
  getSocketOptionGetOption,
  NAME_OF_LOCAL,
  REPLY_MODE_BATCH,
  TCP_STATE_CLOSED,
  TCP_STATE_ESTABLISHED,
  writeSocketNameGetReply,
  writeSocketOptionGetReply,
  writeSocketStatusGetReply,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import { ENOTCONN } from '../../socket/errno.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import { CLOSED, LISTEN, SYN_SENT } from '../../tcpip/tcp/state.ts';
import type { Answers } from '../replies/answers.ts';
import { type CardSocket, KIND_DATAGRAM } from '../sockets/card-socket.ts';

/** What the stack answers instead of an option's value: this less an errno. */
const OPTION_ERROR = -1000;

export class Inquiries {
  private readonly words: Int32Array;
  private readonly outbound: Outbound;
  private readonly stack: Stack;
  private readonly answers: Answers;

  constructor(outbound: Outbound, stack: Stack, answers: Answers) {
    this.words = outbound.words;
    this.outbound = outbound;
    this.stack = stack;
    this.answers = answers;
  }

  optionGet(frame: number, { kind, connection }: CardSocket): void {
    const { words, stack } = this;
    const option = getSocketOptionGetOption(words, frame);
    const value =
      kind === KIND_DATAGRAM
        ? stack.udpGetOption(connection, option)
        : stack.tcpGetOption(connection, option);
    if (value <= OPTION_ERROR) {
      this.answers.outcome(frame, OPTION_ERROR - value, REPLY_MODE_BATCH);
      return;
    }
    writeSocketOptionGetReply(
      words,
      this.outbound.acquire(),
      DEVICE_TID,
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      value,
    );
    this.outbound.post();
  }

  nameGet(frame: number, { kind, connection: c }: CardSocket): void {
    const { words, stack } = this;
    const datagram = kind === KIND_DATAGRAM;
    const local = getSocketNameGetWhich(words, frame) === NAME_OF_LOCAL;
    if (!local && (datagram ? stack.udpRemotePort(c) === 0 : !isConnected(stack.tcpState(c)))) {
      this.answers.outcome(frame, ENOTCONN, REPLY_MODE_BATCH);
      return;
    }
    const address = datagram
      ? local
        ? stack.udpLocalAddress(c)
        : stack.udpRemoteAddress(c)
      : local
        ? stack.tcpLocalAddress(c)
        : stack.tcpRemoteAddress(c);
    const port = datagram
      ? local
        ? stack.udpLocalPort(c)
        : stack.udpRemotePort(c)
      : local
        ? stack.tcpLocalPort(c)
        : stack.tcpRemotePort(c);
    writeSocketNameGetReply(
      words,
      this.outbound.acquire(),
      DEVICE_TID,
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      address,
      port,
    );
    this.outbound.post();
  }

  /** A datagram socket has names and is connected or not; the rest is 0. */
  statusGet(frame: number, { kind, connection: c }: CardSocket): void {
    const { words, stack } = this;
    const tcp = kind !== KIND_DATAGRAM;
    const datagramState = !tcp && stack.udpRemotePort(c) !== 0 ? TCP_STATE_ESTABLISHED : TCP_STATE_CLOSED;
    writeSocketStatusGetReply(
      words,
      this.outbound.acquire(),
      DEVICE_TID,
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      tcp ? stack.tcpState(c) : datagramState,
      tcp ? stack.tcpLocalAddress(c) : stack.udpLocalAddress(c),
      tcp ? stack.tcpRemoteAddress(c) : stack.udpRemoteAddress(c),
      tcp ? stack.tcpLocalPort(c) : stack.udpLocalPort(c),
      tcp ? stack.tcpRemotePort(c) : stack.udpRemotePort(c),
      tcp ? stack.tcpSrttUs(c) : 0,
      tcp ? stack.tcpRtoUs(c) : 0,
      tcp ? stack.tcpCwndBytes(c) : 0,
      tcp ? stack.tcpSsthreshBytes(c) : 0,
      tcp ? stack.tcpSndWndBytes(c) : 0,
      tcp ? stack.tcpRcvWndBytes(c) : 0,
      tcp ? stack.tcpRetransmissions(c) : 0,
      tcp ? stack.tcpUnackedBytes(c) : 0,
    );
    this.outbound.post();
  }
}

/** As Linux's getpeername: not before the handshake, not after the end. */
function isConnected(state: number): boolean {
  return state !== CLOSED && state !== SYN_SENT && state !== LISTEN;
}
