/**
 * The well-behaved host of a storm: brings a card up, opens connections on it, and sees afterwards whether it
 * still works.
 */
import * as exec from '../../src/i2o/executive.gen.ts';
import { FLAG_FAIL } from '../../src/i2o/frame.ts';
import {
  SGL_BUCKET,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_SIMPLE_IN,
  writeSglContext,
  writeSglSimple,
} from '../../src/i2o/list/sgl.ts';
import { firstInboundMfa } from '../../src/i2o/queues/fifo/fifo-layout.ts';
import type { FifoHostProducer } from '../../src/i2o/queues/fifo/host-producer.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import type { IopState } from '../../src/iop/state/iop-state.ts';
import type { SocketModule } from '../../src/ism/socket-module.ts';
import type { Random } from '../../src/time/random.ts';
import type { BareCard } from '../iop/bed.ts';
import { LOOPBACK, PORT } from './frame-maker.ts';

/** A frame the card could not deliver goes back as a NOP, where the transport preserves it. */
export function giveBackPreserved(card: BareCard, reply: Int32Array): void {
  if (((reply[0] >>> 8) & FLAG_FAIL) === 0 || reply[7] === NO_FRAME) return;
  if (card.memory.layout.transport === 'ring') return; // a copy, which is no frame's credit
  if (card.inbound.adopt(reply[7]) === NO_FRAME)
    throw new Error('a frame is preserved that was never posted');
  card.inbound.cancel();
  card.inbound.publish();
}

/**
 * Writes addresses to the FIFOs' ports that are nobody's to write there: none at all, misaligned ones, the
 * other direction's, frames the host does not hold, and frames it does hold, twice. What the host holds by
 * right it keeps.
 */
export function abuseFifos(card: BareCard, random: Random): void {
  const { layout } = card.memory;
  if (layout.transport !== 'fifo') return;
  const port = (card.inbound as FifoHostProducer)['port'];
  const first = firstInboundMfa(layout);
  for (let i = random.below(4); i >= 0; i--) {
    const inbound = first + random.below(layout.inboundFrames) * 128;
    const outbound = layout.outbound + random.below(layout.outboundFrames) * 128;
    const wild = [random.nextInt32(), -1, 0, inbound + 4, outbound + 1, first - 128, outbound][
      random.below(7)
    ];
    // An address of the right kind would be taken if the host holds it, and then be its own loss.
    if (random.below(2) === 0) port.writeInbound(wild);
    else port.writeOutbound(wild === outbound ? inbound : wild);
  }
}

/** Inbound frames that are neither free nor the host's. */
export function framesInUse(card: BareCard): number {
  return card.inbound.inUse;
}

type Fill = (words: Int32Array, frame: number) => void;

/** The card's state. */
export function stateOf(card: BareCard): IopState {
  return card.parts.processor['iop'];
}

function module(card: BareCard): SocketModule {
  return card.parts.processor['modules'][0] as SocketModule;
}

/** Posts, lets the card work, and lets a little time pass. @returns its replies. */
function ask(card: BareCard, fill: Fill): Int32Array[] {
  if (!card.post(fill)) throw new Error('the card holds every inbound frame');
  const replies: Int32Array[] = [];
  for (let i = 0; i < 4; i++) {
    const some = card.run();
    for (const reply of some) giveBackPreserved(card, reply);
    replies.push(...some);
    card.clock.set(card.clock.nowNs + 100_000);
  }
  return replies;
}

/** Brings the card to OPERATIONAL from whatever state it is in. */
export function bringUp(card: BareCard): void {
  const { control } = card.memory.layout;
  ask(card, (w, f) => exec.writeExecIopReset(w, f, IOP_TID, HOST_TID, 0, 0, control + 256, 0));
  ask(card, (w, f) => {
    exec.writeExecOutboundInit(w, f, IOP_TID, HOST_TID, 0, 0, 4096, 0x80, 32, 8);
    writeSglSimple(w, f + 6, SGL_SIMPLE_IN | SGL_LAST, 4, control + 512);
  });
  card.outbound.supply();
  ask(card, (w, f) => {
    exec.writeExecSysTabSet(w, f, IOP_TID, HOST_TID, 0, 0, 2, 0, 0, 12);
    // An empty system table, whatever the storm has written there.
    w.fill(0, (control + 1024) >> 2, (control + 1024 + 48) >> 2);
    let at = f + 6;
    for (const last of [0, 0, SGL_LAST]) at = writeSglSimple(w, at, 0x54 | last, 48, control + 1024);
  });
  ask(card, (w, f) => exec.writeExecSysEnable(w, f, IOP_TID, HOST_TID, 0, 0));
  if (!stateOf(card).devices[0].ready)
    throw new Error(`the card cannot be brought up: state ${stateOf(card).state}`);
}

function create(card: BareCard, id: number): void {
  const { REPLY_MODE_ON_ERROR: mode, SOCKET_TYPE_STREAM: type } = socket;
  ask(card, (w, f) => socket.writeSocketCreate(w, f, DEVICE_TID, HOST_TID, 1, id, id, mode, type));
}

function listen(card: BareCard, id: number, port: number, accepted: readonly number[]): void {
  create(card, id);
  ask(card, (w, f) => socket.writeSocketBind(w, f, DEVICE_TID, HOST_TID, 1, id, id, 0, 0, port));
  ask(card, (w, f) => socket.writeSocketListen(w, f, DEVICE_TID, HOST_TID, 1, id, id, 0, 8));
  ask(card, (w, f) => {
    const size = socket.SOCKET_ACCEPT_POST_LIST_WORD + accepted.length;
    socket.writeSocketAcceptPost(w, f, DEVICE_TID, HOST_TID, 1, id, id, accepted.length, size);
    accepted.forEach((acceptedId, i) => {
      w[f + socket.SOCKET_ACCEPT_POST_LIST_WORD + i] = acceptedId;
    });
  });
}

function connect(card: BareCard, id: number, port: number): Int32Array[] {
  create(card, id);
  return ask(card, (w, f) =>
    socket.writeSocketConnect(w, f, DEVICE_TID, HOST_TID, 1, id, id, 0, LOOPBACK, port),
  );
}

/** Lends the card the lower half of the buckets. */
function lend(card: BareCard): Int32Array[] {
  const { offset, count, bufferBytes } = card.memory.layout.receive;
  const replies: Int32Array[] = [];
  for (let bucket = 0; bucket < count >> 1; bucket += 4) {
    const post = ask(card, (w, f) => {
      socket.writeSocketReceivePost(
        w,
        f,
        DEVICE_TID,
        HOST_TID,
        1,
        4,
        socket.SOCKET_RECEIVE_POST_SGL_WORD + 12,
      );
      let at = f + socket.SOCKET_RECEIVE_POST_SGL_WORD;
      for (let i = bucket; i < bucket + 4; i++) {
        const flags = i === bucket + 3 ? SGL_BUCKET | SGL_LAST : SGL_BUCKET;
        at = writeSglContext(w, at, flags, bufferBytes, i, offset + i * bufferBytes);
      }
    });
    replies.push(...post);
  }
  return replies;
}

function send(card: BareCard, id: number, byte: number): Int32Array[] {
  return ask(card, (w, f) => {
    const at = f + socket.SOCKET_SEND_SGL_WORD;
    socket.writeSocketSend(w, f, DEVICE_TID, HOST_TID, 1, 0, id, 1, 0, 0, 0, socket.SOCKET_SEND_SGL_WORD + 3);
    w[at] = ((SGL_IMMEDIATE | SGL_LAST) << 24) | 4;
    w[at + 1] = card.memory.layout.transmit.count;
    w[at + 2] = byte;
  });
}

/** Gives the storm something to break: a listener, connections, buckets. What cannot be had is left. */
export function warmUp(card: BareCard): void {
  listen(card, 0, PORT, [16, 17, 18, 19, 20, 21]);
  for (let id = 1; id <= 4; id++) connect(card, id, PORT);
  lend(card);
}

/** After IopReset nothing of the host's is the card's any more, and nothing of the card's own is lost. */
export function checkCredits(card: BareCard): void {
  bringUp(card);
  // Ended connections may linger a while, then every packet is back.
  for (let i = 0; i < 400 && card.parts.packets.available < packetsAtRest(card); i++) {
    card.clock.set(card.clock.nowNs + 1e9);
    card.run();
  }
  const rest = card.parts.packets.available - packetsAtRest(card);
  if (rest !== 0) throw new Error(`${-rest} packet slots are lost`);
  const { buckets, sendBuffers, sockets } = {
    buckets: module(card)['buckets'],
    sendBuffers: module(card)['aborts']['sendBuffers'],
    sockets: module(card)['sockets'],
  };
  if (buckets.remaining !== 0) throw new Error(`after a reset the card holds ${buckets.remaining} buckets`);
  if (sendBuffers.pending !== 0) throw new Error(`${sendBuffers.pending} contexts are not answered`);
  const held = [...sendBuffers['place']].filter((value) => value !== 0).length;
  if (held !== 0) throw new Error(`after a reset the card holds ${held} transmit buffers`);
  const open = sockets.filter(({ kind }) => kind !== 0).length;
  if (open !== 0) throw new Error(`after a reset the card keeps ${open} sockets`);
}

function packetsAtRest(card: BareCard): number {
  return card.config.packetSlots - card.parts.packetsInDevice;
}

/** A connection can be made and carries a byte: the card works. */
export function checkHealth(card: BareCard): void {
  card.clock.set(card.clock.nowNs + 300e9); // connections that linger are gone
  card.run();
  const port = PORT + 77;
  listen(card, 0, port, [1]);
  const connected = connect(card, 2, port);
  const good = connected.filter((reply) => reply[1] >>> 24 === socket.SOCKET_CONNECT && reply[4] === 0);
  if (good.length !== 1) throw new Error('after the storm no connection can be made');
  const replies = [...lend(card), ...send(card, 2, 0x41)];
  const records = replies.filter((reply) => reply[1] >>> 24 === socket.SOCKET_RECEIVE_POST);
  const bytes = records.flatMap((reply) => [reply[9] & 0xffffff]);
  if (bytes[0] !== 4) throw new Error(`after the storm 4 bytes were sent and ${bytes.join(' and ')} arrived`);
}
