/**
 * How a connection finds out by itself what its path carries (RFC 4821), where routers say nothing of it, as
 * Linux does with tcp_mtu_probing. The search knows a size that passes and one above which it does not go. Now
 * and then a segment goes that lies halfway between; what becomes of it halves the rest of the search. A
 * probe that is lost says nothing of congestion, and takes nothing of the window.
 */
import { assert } from '../../assert/assert.ts';
import {
  TCP_BLACK_HOLES,
  TCP_MTU_PROBE_FAILURES,
  TCP_MTU_PROBE_SUCCESSES,
} from '../../ledger/counters.gen.ts';
import { IPV4_BYTES } from '../header/ipv4.ts';
import { TCP_BYTES } from '../header/tcp.ts';
import { after, hasPassed } from '../seq.ts';
import { RECOVERY_NONE } from './control-block/recovery-state.ts';
import { headerBytes } from './mtu-probe.ts';
import { heedsPathMtu } from './narrowed.ts';
import { MSS_MIN, pathMtu, updateMss } from './path.ts';
import { markReady } from './ready.ts';
import { DUPLICATE_THRESHOLD } from './scoreboard.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, type Tcb } from './tcb.ts';

const MS_PER_SECOND = 1000;
/** Smaller windows cannot spare a segment whose loss is likely. */
const WINDOW_SEGMENTS_MIN = 11;
/**
 * Retransmissions without an answer after which the segments are suspected to be too large (tcp_retries1).
 */
const RETRIES_SUSPECT = 3;
/** `tcp_mtu_probing`: 1 after a black hole is suspected, 2 from the start. */
const PROBING_NEVER = 0;
const PROBING_ALWAYS = 2;

/** `probePayload`: none is to go; none yet, and nothing else either. */
export const PROBE_NONE_NOW = -1;
export const PROBE_WAITS = 0;

/**
 * A connection is being established; what it may send is known. As on Linux one that was opened from here
 * begins with tcp_base_mss; one that was accepted begins with what its route carries, until the first probe
 * has passed, be it shorter than its segments were.
 */
export function beginMtuSearch(tcp: TcpTables, tcb: Tcb): void {
  if (tcp.environment.config.mtuProbing !== PROBING_ALWAYS || !heedsPathMtu(tcb)) return;
  search(tcp, tcb);
  if (tcb.parent < 0) bind(tcp, tcb);
}

/** From now on no segment is longer than what is known to pass. */
function bind(tcp: TcpTables, tcb: Tcb): void {
  tcb.mtuSearch.binds = 1;
  updateMss(tcp, tcb);
}

/** From what is sure to pass to what both ends can take. */
function search({ environment }: TcpTables, tcb: Tcb): void {
  const { mtuSearch } = tcb;
  assert(mtuSearch.on === 0, 'mtu search: it begins once');
  mtuSearch.on = 1;
  mtuSearch.low = environment.config.baseMss + headerBytes(tcb);
  mtuSearch.high = highest(tcb);
  mtuSearch.sinceMs = environment.nowMs;
}

function highest({ mssPeer, options }: Tcb): number {
  const wanted = options.segmentBytesMax;
  const mss = wanted > 0 && wanted < mssPeer ? wanted : mssPeer;
  assert(mss > 0, 'mtu search: a segment may hold something');
  return mss + IPV4_BYTES + TCP_BYTES;
}

/**
 * Whether a probe is to go next, from `sndNxt` on. As on Linux it wants so much queued behind it that its loss
 * shows by duplicates, and a window that lets all of that out.
 * @returns its payload in bytes; or PROBE_NONE_NOW, or PROBE_WAITS until more is
 *   acknowledged.
 */
export function probePayload(tcp: TcpTables, tcb: Tcb): number {
  const { mtuSearch, recovery, received, congestion, mss, sends } = tcb;
  assert(mtuSearch.on !== 0, 'mtu search: only who searches probes');
  if (mtuSearch.probeBytes !== 0 || recovery.phase !== RECOVERY_NONE) return PROBE_NONE_NOW;
  if ((recovery.sackedBytes | recovery.dupAcks) !== 0 || tcb.sndNxt !== tcb.sndMax) return PROBE_NONE_NOW;
  // What is said of late segments makes headers longer.
  if (received.lateHead >= 0 || received.duplicateStart !== received.duplicateEnd) return PROBE_NONE_NOW;
  if (congestion.cwnd < WINDOW_SEGMENTS_MIN * mss) return PROBE_NONE_NOW;
  const high = Math.min(mtuSearch.high, pathMtu(tcp, tcb));
  const left = high - mtuSearch.low;
  const payload = ((high + mtuSearch.low) >> 1) - headerBytes(tcb);
  if (left < tcp.environment.config.mtuProbeThreshold || left < 2) {
    searchAgainInTime(tcp, tcb);
    return PROBE_NONE_NOW;
  }
  const needed = payload + (DUPLICATE_THRESHOLD + 1) * mss;
  if (((tcb.sndEnd - tcb.sndNxt) | 0) < needed || tcb.sndWnd < needed) return PROBE_NONE_NOW;
  const flight = flightBytes(tcb);
  if (flight + needed > tcb.sndWnd) return PROBE_WAITS;
  if (flight + 2 * mss > congestion.cwnd) return flight === 0 ? PROBE_NONE_NOW : PROBE_WAITS;
  if (sends.records > 0 && tcp.sendQueue.bytesOfRecord(tcb, payload) < payload) return PROBE_NONE_NOW;
  return payload;
}

/** What is probed for has come so near that nothing is gained: after a while the path may be another. */
function searchAgainInTime({ environment }: TcpTables, tcb: Tcb): void {
  const { mtuSearch } = tcb;
  const intervalMs = environment.config.mtuProbeIntervalSeconds * MS_PER_SECOND;
  assert(intervalMs > 0, 'mtu search: it rests for a while before it begins again');
  if (!hasPassed(environment.nowMs, mtuSearch.sinceMs, intervalMs)) return;
  mtuSearch.high = highest(tcb);
  mtuSearch.low = tcb.mss + headerBytes(tcb);
  mtuSearch.sinceMs = environment.nowMs;
}

/** Something new is acknowledged, and a probe is out: with all of it, it has passed. */
export function probeAcknowledged(tcp: TcpTables, tcb: Tcb): void {
  const { mtuSearch } = tcb;
  if (mtuSearch.probeBytes === 0 || after(mtuSearch.probeEnd, tcb.sndUna)) return;
  assert(mtuSearch.probeBytes <= mtuSearch.high, 'mtu search: it goes no higher than it was told');
  mtuSearch.low = mtuSearch.probeBytes;
  mtuSearch.probeBytes = 0;
  tcp.environment.counters[TCP_MTU_PROBE_SUCCESSES] += 1;
  bind(tcp, tcb);
  if (tcb.congestion.cwnd < tcb.mss) tcb.congestion.cwnd = tcb.mss;
}

/** A probe was found lost: it goes again in segments as before, and larger ones are not tried. */
export function probeFailed(tcp: TcpTables, tcb: Tcb): void {
  const { mtuSearch, congestion } = tcb;
  assert(mtuSearch.probeBytes !== 0, 'mtu search: a probe that is lost was sent');
  mtuSearch.lost = 0;
  mtuSearch.high = mtuSearch.probeBytes - 1;
  mtuSearch.probeBytes = 0;
  congestion.cwnd += tcb.mss;
  tcp.environment.counters[TCP_MTU_PROBE_FAILURES] += 1;
  // The duplicates that have shown it, and those of the same byte still to come, show nothing else.
  tcb.recovery.dupAcks = 0;
  tcb.recovery.recover = tcb.sndUna;
  if (tcp.recovery.wentBack(tcb)) tcp.sendQueue.rewind(tcb);
  tcb.rtt.timing = 0;
  markReady(tcp, tcb);
}

/**
 * The retransmission timer has expired again. Where small segments may get through, and a router drops large
 * ones without a word (RFC 4821 §7.7), smaller ones are tried: of tcp_base_mss first, then of half as much each
 * time, down to tcp_mtu_probe_floor. From there the search goes up again.
 */
export function suspectBlackHole(tcp: TcpTables, tcb: Tcb): void {
  const { config, counters } = tcp.environment;
  const { mtuSearch } = tcb;
  if (config.mtuProbing === PROBING_NEVER || tcb.timers.retries <= RETRIES_SUSPECT || !heedsPathMtu(tcb))
    return;
  assert(flightBytes(tcb) > 0, 'mtu search: only what is outstanding can have been dropped in silence');
  const { mss } = tcb;
  if (mtuSearch.on === 0) search(tcp, tcb);
  else {
    const half = (mtuSearch.low - headerBytes(tcb)) >> 1;
    const least = Math.max(config.mtuProbeFloor, MSS_MIN);
    mtuSearch.low = Math.max(least, Math.min(config.baseMss, half)) + headerBytes(tcb);
  }
  bind(tcp, tcb);
  if (tcb.mss < mss) counters[TCP_BLACK_HOLES] += 1;
}
