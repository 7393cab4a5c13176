/**
 * Lets a connection on the card be passed to another process: as a child's stdin or stdout, or by
 * `process.send(message, socket)`. Only a descriptor of the kernel's can be passed. So the native handle,
 * which has none, is connected through the kernel to a relay in this process, and the card's socket goes on
 * as the relay's other side. The other process sees an ordinary kernel socket, whose names are the relay's.
 *
 * A listener needs none of it: its native handle listens in the kernel and is passed as it is.
 */
import net from 'node:net';
import type { AddressInfoOut, TcpHandle } from './bindings.ts';
import { Channel, kChannel, type MaybeOnCard } from './channel.ts';
import { CLOSED, CONNECTED } from './channel-state.ts';
import { spawnOptions, withoutCard } from './cluster-workers.ts';
import type { Seam } from './opening.ts';

type Handle = TcpHandle & MaybeOnCard;

const RELAY_ADDRESS = '127.0.0.1';
const RELAY_BACKLOG = 511;
/** The first byte of 127.0.0.0/8. */
const LOOPBACK_NET = 127;

/** The relay's listener in the kernel, and the card's ends by the port from which each will be joined. */
interface Relay {
  readonly port: number;
  readonly waiting: Map<number, TcpHandle>;
}

/** Puts the seam into the process and pipe bindings. @returns what takes it out again. */
export function installHandOver(seam: Seam): () => void {
  const { Process, Pipe } = seam.native;
  const { spawn } = Process.prototype;
  const { writeUtf8String, writeBuffer } = Pipe.prototype;
  const owned = ['writeUtf8String', 'writeBuffer'].filter((name) => Object.hasOwn(Pipe.prototype, name));
  let relay: Relay | undefined;

  function handOver(value: unknown): number {
    if (!(value instanceof seam.native.TCP)) return 0;
    const handle = value as Handle;
    const channel = handle[kChannel];
    if (channel === undefined || channel.state !== CONNECTED) return 0;
    relay ??= openRelay(seam);
    return giveDescriptor(seam, relay, handle, channel);
  }

  Process.prototype.spawn = function (...values: unknown[]): number {
    for (const { type, handle } of spawnOptions(values).stdio ?? []) {
      const result = type === 'wrap' ? handOver(handle) : 0;
      if (result < 0) return result;
    }
    return spawn.apply(this, [...withoutCard(values)]);
  };
  Pipe.prototype.writeUtf8String = function (...values): number {
    const result = values[2] === undefined ? 0 : handOver(values[2]);
    return result < 0 ? result : writeUtf8String.apply(this, values);
  };
  Pipe.prototype.writeBuffer = function (...values): number {
    const result = values[2] === undefined ? 0 : handOver(values[2]);
    return result < 0 ? result : writeBuffer.apply(this, values);
  };
  return () => {
    Process.prototype.spawn = spawn;
    const prototype = Pipe.prototype as unknown as Record<string, unknown>;
    for (const [name, value] of Object.entries({ writeUtf8String, writeBuffer })) {
      if (owned.includes(name)) prototype[name] = value;
      else delete prototype[name];
    }
  };
}

/** The listener lives as long as the process, which it does not keep alive. */
function openRelay(seam: Seam): Relay {
  const { original, native } = seam;
  const listener = new native.TCP(native.serverType);
  const waiting = new Map<number, TcpHandle>();
  listener.onconnection = (status, client) => {
    if (status < 0 || client === undefined) return;
    const peer: AddressInfoOut = {};
    original.getpeername.call(client, peer);
    const cardEnd = waiting.get(peer.port ?? 0);
    // Another process may have found the port.
    if (cardEnd === undefined) original.close.call(client);
    else {
      waiting.delete(peer.port ?? 0);
      join(cardEnd, client);
    }
  };
  original.bind.call(listener, RELAY_ADDRESS, 0);
  original.listen.call(listener, RELAY_BACKLOG);
  original.unref.call(listener);
  return { port: nameOf(seam, listener).port ?? 0, waiting };
}

/** Connects the native handle to the relay, and gives the card's socket a handle of its own there. */
function giveDescriptor(seam: Seam, relay: Relay, handle: Handle, channel: Channel): number {
  const { original, native } = seam;
  const reading = channel.reading;
  const request = new native.ConnectWrap();
  request.oncomplete = () => {
    // What the program was reading it goes on reading, beside the other process, until it closes its end.
    if (reading && handle[kChannel] === undefined) {
      original.readStart.call(handle);
    }
  };
  const result = original.connect.call(handle, request, RELAY_ADDRESS, relay.port);
  if (result < 0) return result;
  delete handle[kChannel];
  const cardEnd = new native.TCP(native.socketType);
  relay.waiting.set(nameOf(seam, handle).port ?? 0, cardEnd);
  moveTo(cardEnd, channel);
  channel.pump.routes.passed++;
  return 0;
}

/** Another handle takes the connection over, with what is still to be written. */
function moveTo(handle: TcpHandle, channel: Channel): void {
  const { pump } = channel;
  const moved = new Channel(pump, handle, channel.socket, channel.state, channel.ipv6);
  moved.ownsPort = channel.ownsPort;
  moved.end = channel.end;
  moved.writeHead = channel.writeHead;
  moved.writeTail = channel.writeTail;
  moved.writeQueueBytes = channel.writeQueueBytes;
  moved.shutdownRequest = channel.shutdownRequest;
  moved.shutdownContext = channel.shutdownContext;
  channel.writeHead = undefined;
  channel.writeTail = undefined;
  channel.shutdownRequest = undefined;
  channel.state = CLOSED;
  channel.reading = false;
  channel.updateHold();
  pump.remove(channel);
  moved.updateHold();
}

function nameOf(seam: Seam, handle: TcpHandle): AddressInfoOut {
  const out: AddressInfoOut = {};
  seam.original.getsockname.call(handle, out);
  return out;
}

/**
 * Passes bytes and ends on, both ways; a reset of one side resets the other. Where the peer is this process's own, what
 * still comes for it after its end keeps the process alive by the peer alone: the other process may never have taken the
 * connection, and then nobody ends it.
 */
function join(cardEnd: TcpHandle, kernelEnd: TcpHandle): void {
  const own = isOwn((cardEnd as Handle)[kChannel]);
  const [a, b] = [cardEnd, kernelEnd].map((handle) => {
    const options = { handle, allowHalfOpen: true };
    return new net.Socket(options as net.SocketConstructorOpts);
  });
  for (const [from, to] of [
    [a, b],
    [b, a],
  ]) {
    from.on('error', () => to.resetAndDestroy());
    from.pipe(to);
  }
  if (own) b.on('finish', () => b.unref());
}

/** Whether the other end of a connection is this machine's, and so this process's. */
function isOwn(channel: Channel | undefined): boolean {
  if (channel === undefined) return false;
  const { stack } = channel.pump;
  const remote = stack.remoteEndpoint(channel.socket)?.address ?? 0;
  return remote >>> 24 === LOOPBACK_NET || remote === stack.localEndpoint(channel.socket)?.address;
}
