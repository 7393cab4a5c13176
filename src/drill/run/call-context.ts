/** What system calls work on, and the form in which they are listed. */

import type { DrillHost } from '../host/drill-host.ts';
import type { Expression, Place } from '../script/ast.ts';
import type { Descriptors, SocketDescriptor } from './descriptors.ts';
import type { Session } from './session.ts';
import { type SocketAddress, socketAddress } from './socket-addresses.ts';
import type { Answer, Blocked } from './waiting-call.ts';

export interface Call {
  /** How many arguments it may have. */
  readonly arguments: readonly number[];
  /** Whether its result is a new descriptor, whose number is the script's to say. */
  readonly makes?: true;
  readonly run: (context: CallContext, args: readonly Expression[], place: Place) => Answer | Blocked;
}

export type CallTable = Readonly<Record<string, Call>>;

export class CallContext {
  readonly session: Session;
  readonly host: DrillHost;
  readonly descriptors: Descriptors;
  /** The descriptor that a call which makes one is to have. */
  wantedFd = -1;

  constructor(session: Session, descriptors: Descriptors) {
    this.session = session;
    this.host = session.host;
    this.descriptors = descriptors;
  }

  /** Where a datagram goes: `...` is the peer that packetdrill has. */
  destination(fd: Expression, to: Expression): SocketAddress | undefined {
    if (to.kind === 'word' && to.text === 'NULL') return undefined;
    const said = socketAddress(to);
    if (said !== undefined || this.descriptors.socket(fd)?.datagram !== true) return said;
    const { remoteAddress, connectPort } = this.session.options;
    return { address: remoteAddress, port: connectPort };
  }

  /** Sends bytes, and notes what was taken. @param flags MSG_ bits. @returns how many, or an errno. */
  sendBytes(
    descriptor: SocketDescriptor,
    bytes: Uint8Array,
    to: SocketAddress | undefined,
    flags: number,
  ): number {
    const { sockets } = this.host;
    const { socket, datagram, written } = descriptor;
    const before = written.length;
    // Noted first: the segments leave within the call.
    if (!datagram) written.add(bytes);
    if (to !== undefined && datagram) this.beginDatagrams(descriptor, to);
    const result =
      to === undefined
        ? sockets.send(socket, bytes, 0, bytes.length, datagram ? 0 : flags)
        : sockets.sendTo(socket, bytes, 0, bytes.length, to.address, to.port);
    if (!datagram) written.cut(before + Math.max(0, result));
    return result;
  }

  /** The flow of a datagram that names its destination. */
  beginDatagrams({ socket }: SocketDescriptor, to: SocketAddress): void {
    const { session } = this;
    const local = this.host.sockets.localEndpoint(socket)?.port ?? 0;
    const known = session.flowOf('udp', local, to.port, to.address);
    session.underTest = known ?? session.addFlow('udp', local, to.port, to.address);
  }
}
