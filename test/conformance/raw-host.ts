/**
 * A host that writes its own frames, on socket numbers the driver does not use: what the generated walks step
 * with. The driver has brought the card up and keeps its buckets posted; replies to this host's contexts are
 * none of its handlers', so it drops them.
 */
import { FLAG_MULTIPLE } from '../../src/i2o/frame.ts';
import { SGL_IMMEDIATE, SGL_LAST, writeSglImmediate } from '../../src/i2o/list/sgl.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { SO_KEEPALIVE } from '../../src/socket/options.ts';
import { OUTBOUND, type TraceEnd, type TraceHead, type TraceSink } from '../../src/trace/sink.ts';
import { Validator } from '../../src/validate/validator.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

/** No handler of the driver's. */
const CONTEXT = 77;
const LOOPBACK = 0x7f000001;
const STEP_NS = 100e6;
const BYTES = 4;
/** The socket walked with, the listener it connects to, and the numbers posted for accepts. */
export const WALKER = 200;
const LISTENER = 201;
const LISTENER_PORT = 5000;
const FIRST_POSTED = 202;
const SOCKETS = 512;

export class RawHost implements TraceSink {
  readonly validator = new Validator();
  readonly world: VirtualWorld;
  /**
   * ReqStatus of the latest reply to a request of this host; −1 when there was none since the latest step.
   */
  status = -1;
  private transaction = 0;
  private posted = FIRST_POSTED;
  private boundPort = 6000;

  constructor() {
    const options = { driver: { socketsMax: SOCKETS }, packetSlots: 128 };
    this.world = new VirtualWorld({ cards: [options], traces: [{ sink: this }] });
    this.step('SocketCreate', LISTENER, socket.SOCKET_TYPE_STREAM);
    this.boundPort = LISTENER_PORT;
    this.step('SocketBind', LISTENER);
    this.step('SocketListen', LISTENER);
    for (let i = 0; i < 4; i++) this.step('SocketAcceptPost', LISTENER);
    this.boundPort = 6000;
  }

  /**
   * Posts one request and lets everything come of it.
   * @param variant the field its transitions are told apart by.
   */
  step(message: string, socketId = WALKER, variant = 0): void {
    const { requests } = this.world.cards[0].host;
    this.status = -1;
    this.transaction += 1;
    const frame = requests.acquire();
    this.fill(requests.words, frame, message, socketId, variant);
    requests.post();
    this.world.run(() => false, STEP_NS);
  }

  private fill(words: Int32Array, frame: number, message: string, socketId: number, variant: number): void {
    const head = [words, frame, DEVICE_TID, HOST_TID, CONTEXT, this.transaction, socketId] as const;
    switch (message) {
      case 'SocketCreate':
        socket.writeSocketCreate(...head, socket.REPLY_MODE_BATCH, variant);
        break;
      case 'SocketBind':
        socket.writeSocketBind(...head, socket.REPLY_MODE_BATCH, LOOPBACK, this.boundPort++);
        break;
      case 'SocketConnect':
        socket.writeSocketConnect(...head, socket.REPLY_MODE_BATCH, LOOPBACK, LISTENER_PORT);
        break;
      case 'SocketListen':
        socket.writeSocketListen(...head, socket.REPLY_MODE_BATCH, 8);
        break;
      case 'SocketAcceptPost':
        words[frame + socket.SOCKET_ACCEPT_POST_LIST_WORD] = this.posted++;
        socket.writeSocketAcceptPost(...head, 1, socket.SOCKET_ACCEPT_POST_LIST_WORD + 1);
        break;
      case 'SocketSend':
        this.immediate(words, frame + socket.SOCKET_SEND_SGL_WORD);
        socket.writeSocketSend(...head, socket.REPLY_MODE_BATCH, 0, 0, 0, socket.SOCKET_SEND_SGL_WORD + 3);
        break;
      case 'SocketSendTo':
        this.immediate(words, frame + socket.SOCKET_SEND_TO_SGL_WORD);
        socket.writeSocketSendTo(
          ...head,
          socket.REPLY_MODE_BATCH,
          LOOPBACK,
          9,
          socket.SOCKET_SEND_TO_SGL_WORD + 3,
        );
        break;
      case 'SocketShutdown':
        socket.writeSocketShutdown(...head, socket.REPLY_MODE_BATCH, variant);
        break;
      case 'SocketClose':
        socket.writeSocketClose(...head);
        break;
      case 'SocketAbort':
        socket.writeSocketAbort(...head);
        break;
      case 'SocketOptionSet':
        socket.writeSocketOptionSet(...head, socket.REPLY_MODE_BATCH, SO_KEEPALIVE, 1);
        break;
      case 'SocketOptionGet':
        socket.writeSocketOptionGet(...head, SO_KEEPALIVE);
        break;
      case 'SocketStatusGet':
        socket.writeSocketStatusGet(...head);
        break;
      case 'SocketInfoGet':
        socket.writeSocketInfoGet(...head);
        break;
      case 'SocketTotalsGet':
        socket.writeSocketTotalsGet(...head);
        break;
      case 'SocketSnapshotGet':
        socket.writeSocketSnapshotGet(...head, 0);
        break;
      case 'SocketNameGet':
        socket.writeSocketNameGet(...head, socket.NAME_OF_LOCAL);
        break;
      default:
        throw new Error(`no step ${message}`);
    }
  }

  private immediate(words: Int32Array, at: number): void {
    const context = this.world.cards[0].host.transmit.count - 1;
    writeSglImmediate(words, at, SGL_IMMEDIATE | SGL_LAST, BYTES, context);
  }

  head(head: TraceHead): void {
    this.validator.head(head);
  }

  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    this.validator.frame(direction, timeNs, slot, words, at);
    const several = ((words[at] >>> 8) & FLAG_MULTIPLE) !== 0;
    if (direction !== OUTBOUND || several || words[at + 2] !== CONTEXT) return;
    if (words[at + 3] === this.transaction) this.status = words[at + 4] >>> 24;
  }

  owner(direction: number, timeNs: number, slot: number, side: number): void {
    this.validator.owner(direction, timeNs, slot, side);
  }

  notification(kind: number, timeNs: number): void {
    this.validator.notification(kind, timeNs);
  }

  write(side: number, timeNs: number, address: number, length: number): void {
    this.validator.write(side, timeNs, address, length);
  }

  polled(timeNs: number, address: number, value: number): void {
    this.validator.polled(timeNs, address, value);
  }

  packet(): void {}

  end(timeNs: number, end: TraceEnd): void {
    this.validator.end(timeNs, end);
  }
}
