/** How most scripts begin: a connection that has been opened from one side or the other. */
import { expect } from 'vitest';
import type { Peer, PeerOptions } from './peer.ts';
import { Script, type ScriptOptions } from './script.ts';
import type { Options } from './segments.ts';
import type { Socket } from './socket.ts';

export interface OpeningOptions extends ScriptOptions {
  peer?: PeerOptions;
  /** How long the peer takes to answer the SYN. */
  roundTripUs?: number;
}

export interface Opening {
  readonly script: Script;
  readonly peer: Peer;
  readonly socket: Socket;
}

export interface PassiveOpening extends Opening {
  readonly listener: Socket;
  /** What the stack's SYN-ACK offered. */
  readonly synAck: Options;
}

/** What the peer's SYN says. The MSS is 1460 unless its options say otherwise; -1: not there. */
export function synOptions(peer: Peer, echo: number): Options {
  const { mss = 1460, wscale, sackOk, timestamps } = peer.offer;
  const options: Options = {};
  if (mss >= 0) options.mss = mss;
  if (sackOk) options.sackOk = true;
  if (timestamps) options.ts = [peer.clock, echo];
  if (wscale !== undefined) options.wscale = wscale;
  return options;
}

/** A socket whose SYN has gone out to a peer that has not answered. */
export function synSent(options: OpeningOptions = {}): Opening {
  const script = new Script(options);
  const peer = script.peer(options.peer);
  const socket = script.socket();
  expect(socket.connects(peer.address, peer.port)).toBe(0);
  peer.expects({ flags: 'SYN', seq: 0, ack: 0 });
  expect(socket.state).toBe('SYN-SENT');
  script.forgets();
  return { script, peer, socket };
}

/** A connection opened by the stack under test. */
export function established(options: OpeningOptions = {}): Opening {
  const opening = synSent(options);
  const { script, peer, socket } = opening;
  script.passes(options.roundTripUs ?? 0);
  peer.sends({ flags: 'SYN ACK', ack: 1, options: synOptions(peer, peer.echo) });
  peer.timestamps = (peer.offer.timestamps ?? false) && script.host.config.timestamps;
  peer.expects({ seq: 1, ack: 1 });
  expect(socket.state).toBe('ESTABLISHED');
  script.forgets();
  return opening;
}

/** A listener, and a peer whose SYN has been answered and that has not acknowledged the answer. */
export function synReceived(options: OpeningOptions = {}): PassiveOpening {
  const script = new Script(options);
  const listener = script.listener();
  const peer = script.peer({ port: 40_000, ...options.peer });
  peer.hostPort = 80;
  peer.sends({ flags: 'SYN', options: synOptions(peer, 0) });
  peer.timestamps = (peer.offer.timestamps ?? false) && script.host.config.timestamps;
  const synAck = peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
  script.forgets();
  return { script, peer, listener, socket: listener, synAck: peer.relative(synAck).options };
}

/** A connection opened by the peer, and accepted. */
export function accepted(options: OpeningOptions = {}): PassiveOpening {
  const opening = synReceived(options);
  const { script, peer, listener } = opening;
  script.passes(options.roundTripUs ?? 0);
  peer.sends({ ack: 1 });
  const socket = listener.accepts();
  if (socket === undefined) throw new Error('no connection waits to be accepted');
  script.forgets();
  return { ...opening, socket };
}

/**
 * A connection whose stack begins at a chosen ISN: a first SYN shows where the stack's ISNs for this pair
 * lie, and the second is sent when their clock (a tick of 4 µs, RFC 9293 §3.4.1) has come there.
 */
export function establishedAtIss(iss: number, options: OpeningOptions = {}): Opening {
  const script = new Script(options);
  const peer = script.peer(options.peer);
  const connect = (): Socket => {
    const socket = script.socket();
    expect(socket.binds(5000)).toBe(0);
    expect(socket.connects(peer.address, peer.port)).toBe(0);
    return socket;
  };
  const probe = connect();
  const ticks = (iss - peer.takes().seq) >>> 0;
  probe.closes();
  peer.forgetsHost();
  script.passes(ticks * 4);
  const socket = connect();
  const syn = peer.expects({ flags: 'SYN', seq: 0 });
  expect(syn.seq).toBe(iss | 0);
  peer.sends({ flags: 'SYN ACK', ack: 1, options: synOptions(peer, peer.echo) });
  peer.timestamps = (peer.offer.timestamps ?? false) && script.host.config.timestamps;
  peer.expects({ seq: 1, ack: 1 });
  script.forgets();
  return { script, peer, socket };
}
