/**
 * Holds what the two ends of a connection saw against what the other did, by Linux's rules, and names what
 * no rule allows. It knows no stack: only the records, and whether the links between them lost or reordered
 * anything.
 */
import { ECONNREFUSED, ECONNRESET, EPIPE, errnoName } from '../../src/socket/errno.ts';
import type { EndRecord } from './ends-plan.ts';

const SECOND_NS = 1e9;

/**
 * How long what an end has done may take to be seen by the other: a time-out of retransmission that has
 * doubled as often as it may, on a link that loses.
 */
const NEWS_NS = 250 * SECOND_NS;
/** An end that nobody owns any more waits so long for the other's (tcp_fin_timeout). */
const FIN_WAIT_NS = 55 * SECOND_NS;
/**
 * What an end that has closed has left is given up after so long without a window (tcp_orphan_retries): the
 * least that eight probes take.
 */
const ORPHAN_NS = 20 * SECOND_NS;

export interface Links {
  /** Nothing was lost, doubled or reordered, on a wire or for want of memory. */
  readonly clean: boolean;
  /** Bytes that always fit a new connection's windows: the initial windows of congestion and receiver. */
  readonly windowBytes: number;
}

/** @returns what is wrong with a connection, in words; empty where nothing is. */
export function judge(end: EndRecord, links: Links): string[] {
  const { peer } = end;
  const wrong: string[] = [];
  const say = (what: string) => wrong.push(`${end.name}: ${what}${describe(end)}`);
  if (end.refused !== 0) say(`refused with ${errnoName(end.refused)}`);
  if (peer === undefined) {
    // It left before the handshake was over, or reset the connection before anybody had accepted it.
    if (end.endNs >= 0) say('an end of stream from nobody');
    if (end.told !== undefined) say(`${errnoName(end.told.errno)} from nobody`);
    if (end.received > 0) say('bytes from nobody');
    if (end.plan.patienceNs > 500 * SECOND_NS && end.gaveUp) say('nobody has accepted it');
    return wrong;
  }
  if (end.received > peer.accepted) say('more bytes than were sent');
  judgeEnd(end, peer, say);
  judgeError(end, peer, say);
  judgeReset(end, peer, links, say);
  judgeWait(end, peer, links, say);
  return wrong;
}

type Say = (what: string) => void;

/** An end is reported only where a FIN came, behind all that was sent before it. */
function judgeEnd(end: EndRecord, peer: EndRecord, say: Say): void {
  if (end.endNs < 0) return;
  if (peer.leftNs < 0 || peer.leftNs > end.endNs) say('an end of stream of a peer that had not ended');
  if (end.received !== peer.accepted) say('an end of stream before all bytes: it is cut in silence');
  if (peer.shutWriteNs < 0 && peer.lingerSeconds === 0) say('an end of stream where only a reset came');
}

/** An error is told only where the peer may have sent a reset. */
function judgeError(end: EndRecord, peer: EndRecord, say: Say): void {
  const { told } = end;
  if (told === undefined) return;
  const { errno, atNs } = told;
  if (errno !== ECONNRESET && errno !== EPIPE) say(`${errnoName(errno)}, which no peer causes`);
  // Linux: bytes that come after a shutdown of both halves find nobody. Their connection is reset, and both
  // its ends hear of that.
  if (errno === ECONNRESET && isDeaf(end, atNs) && peer.accepted > end.received) return;
  if (peer.closedNs < 0 || peer.closedNs > atNs) {
    if (!isDeaf(peer, atNs)) say(`${errnoName(errno)} from a peer that had not closed`);
    return;
  }
  if (!mayHaveReset(end, peer, atNs)) say(`${errnoName(errno)} of a peer that had read all and ended well`);
  // Whoever has had the peer's FIN hears EPIPE, unless it had ended its own half, too.
  if (errno === EPIPE && peer.leftNs < 0) say('EPIPE without an end of the peer');
  if (errno === ECONNREFUSED) say('ECONNREFUSED of a connection');
}

function isDeaf({ shutReadNs, shutWriteNs }: EndRecord, atNs: number): boolean {
  return shutReadNs >= 0 && shutWriteNs >= 0 && Math.max(shutReadNs, shutWriteNs) <= atNs;
}

/** Whether a peer that has closed may have answered with a reset by `atNs`. */
function mayHaveReset(end: EndRecord, peer: EndRecord, atNs: number): boolean {
  if (peer.lingerSeconds === 0) return true;
  // It had not read all that was sent, or more came later.
  if (peer.received < end.accepted) return true;
  // Its waiting for this end's FIN was over.
  if (atNs - peer.closedNs >= FIN_WAIT_NS) return true;
  // What it had left was given up, since nobody read.
  return end.received < peer.accepted && atNs - peer.closedNs >= ORPHAN_NS;
}

/** What was sent before a reset comes as far as the windows reach, and then the reset. */
function judgeReset(end: EndRecord, peer: EndRecord, links: Links, say: Say): void {
  const { told } = end;
  if (!links.clean || told === undefined || told.by !== 'recv') return;
  if (end.shutReadNs >= 0) return;
  const due = Math.min(peer.accepted, links.windowBytes);
  if (end.received < due) say(`${end.received} bytes before a reset, and ${due} fit the windows`);
}

/** Who has waited to the last has waited for something that has a name. */
function judgeWait(end: EndRecord, peer: EndRecord, links: Links, say: Say): void {
  if (!end.gaveUp || end.plan.patienceNs < 500 * SECOND_NS) return;
  const sinceNs = end.closedNs - NEWS_NS;
  if (end.accepted < end.plan.sendBytes && end.told === undefined) {
    if (!rests(peer) && (peer.closedNs < 0 || peer.closedNs > sinceNs)) say('waited to send to a reader');
    else if (peer.closedNs >= 0 && peer.closedNs < sinceNs) say('waited to send to a peer that had closed');
    return;
  }
  if (peer.leftNs < 0 || peer.leftNs > sinceNs) return;
  // The one reset that a link has lost is not sent again, as long as nothing is sent to its sender.
  const half = !links.clean && mayHaveReset(end, peer, end.closedNs);
  if (!half) say('waited for the end of a peer that had ended');
}

/** Whether it may read no more while it is open. */
function rests({ plan, shutReadNs }: EndRecord): boolean {
  return plan.reader === 'never' || plan.reader === 'stops' || shutReadNs >= 0;
}

function describe(end: EndRecord): string {
  const { peer } = end;
  return ` | ${facts(end)}${peer === undefined ? '' : ` | its peer: ${peer.name} ${facts(peer)}`}`;
}

function facts(end: EndRecord): string {
  const times = { end: end.endNs, shutW: end.shutWriteNs, shutR: end.shutReadNs, close: end.closedNs };
  const seen = Object.entries(times)
    .filter(([, ns]) => ns >= 0)
    .map(([what, ns]) => `${what} ${(ns / SECOND_NS).toFixed(6)}`);
  const { told } = end;
  if (told) seen.push(`${errnoName(told.errno)} by ${told.by} ${(told.atNs / SECOND_NS).toFixed(6)}`);
  return `sent ${end.accepted}/${end.plan.sendBytes} read ${end.received} ${seen.join(', ')}`;
}
