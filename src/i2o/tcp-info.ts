/**
 * TCP_INFO as it crosses between card and host: the record of `socket/tcp-info.ts` in the replies to
 * SocketInfoGet (how the connection stands) and SocketTotalsGet (what has been counted), written and read here
 * alone. Sums of bytes and times are two words each. Where frames are too short for these replies, their words
 * cross in parts, as a snapshot (SocketSnapshotGet).
 */
import { assert } from '../assert/assert.ts';
import type { TcpInfo } from '../socket/tcp-info.ts';
import { REQUEST_STATUS_SUCCESS } from './executive.gen.ts';
import { FRAME_WORDS, frameInitiatorContext, frameTransactionContext } from './frame.ts';
import * as socket from './socket.gen.ts';
import { HOST_TID } from './tids.ts';

const BYTE_MAX = 0xff;
const HALF_MAX = 0xffff;
const WORD_VALUES = 2 ** 32;

/** Words of a reply before what it tells. */
const REPLY_HEAD_WORDS = 5;
const INFO_WORDS = socket.SOCKET_INFO_GET_REPLY_WORDS - REPLY_HEAD_WORDS;
/** Words of a snapshot: what both replies tell, one after the other. */
export const SNAPSHOT_WORDS: number = INFO_WORDS + socket.SOCKET_TOTALS_GET_REPLY_WORDS - REPLY_HEAD_WORDS;
/** Where each half of a snapshot ends, and the frame by whose accessors it is read in an array of all words. */
export const SNAPSHOT_HALVES = {
  info: { end: INFO_WORDS, frame: -REPLY_HEAD_WORDS },
  totals: { end: SNAPSHOT_WORDS, frame: INFO_WORDS - REPLY_HEAD_WORDS },
} as const;
/** Words of a snapshot that one reply to a SocketSnapshotGet tells. */
export const SNAPSHOT_PART_WORDS = 10;
const PART_WORD = socket.SOCKET_SNAPSHOT_GET_REPLY_WORDS - SNAPSHOT_PART_WORDS;

/**
 * Writes the reply to a SocketInfoGet.
 * @param request the request's frame. @param reply the frame to write in. @param tid the device's.
 * @param snapshot number of the snapshot.
 */
export function writeInfoReply(
  words: Int32Array,
  request: number,
  reply: number,
  tid: number,
  info: TcpInfo,
  snapshot: number,
): void {
  assert(info.snd_wscale < 15 && info.rcv_wscale < 15, 'tcp info: a window is shifted by 14 bits at most');
  socket.writeSocketInfoGetReply(
    words,
    reply,
    tid,
    HOST_TID,
    frameInitiatorContext(words, request),
    frameTransactionContext(words, request),
    REQUEST_STATUS_SUCCESS,
    0,
    info.state,
    info.ca_state,
    Math.min(BYTE_MAX, info.retransmits),
    Math.min(BYTE_MAX, info.probes),
    Math.min(BYTE_MAX, info.backoff),
    info.options,
    info.snd_wscale,
    info.rcv_wscale,
    info.rto,
    info.ato,
    Math.min(HALF_MAX, info.snd_mss),
    Math.min(HALF_MAX, info.rcv_mss),
    Math.min(HALF_MAX, info.advmss),
    Math.min(HALF_MAX, info.pmtu),
    info.unacked,
    info.sacked,
    info.lost,
    info.last_data_sent,
    info.last_data_recv,
    info.last_ack_recv,
    info.rcv_ssthresh,
    info.rtt,
    info.rttvar,
    info.snd_ssthresh,
    info.snd_cwnd,
    info.reordering,
    info.rcv_rtt,
    info.min_rtt,
    info.notsent_bytes,
    info.outq_bytes,
    info.snd_wnd,
    info.rcv_wnd,
    info.retrans,
    snapshot,
  );
}

/** Writes the reply to a SocketTotalsGet; parameters are as of `writeInfoReply`. */
export function writeTotalsReply(
  words: Int32Array,
  request: number,
  reply: number,
  tid: number,
  info: TcpInfo,
  snapshot: number,
): void {
  assert(info.bytes_retrans <= info.bytes_sent, 'tcp info: what was sent again was sent');
  socket.writeSocketTotalsGetReply(
    words,
    reply,
    tid,
    HOST_TID,
    frameInitiatorContext(words, request),
    frameTransactionContext(words, request),
    REQUEST_STATUS_SUCCESS,
    0,
    snapshot,
    info.total_retrans,
    info.segs_out,
    info.segs_in,
    info.data_segs_out,
    info.data_segs_in,
    info.delivered,
    info.delivered_ce,
    info.rcv_ooopack,
    info.total_rto,
    info.total_rto_recoveries,
    info.total_rto_time,
    info.bytes_acked,
    highWord(info.bytes_acked),
    info.bytes_received,
    highWord(info.bytes_received),
    info.bytes_sent,
    highWord(info.bytes_sent),
    info.bytes_retrans,
    highWord(info.bytes_retrans),
    info.busy_time,
    highWord(info.busy_time),
    info.rwnd_limited,
    highWord(info.rwnd_limited),
    info.sndbuf_limited,
    highWord(info.sndbuf_limited),
    info.reord_seen,
  );
}

/** A snapshot whole, as SocketSnapshotGet numbers its words; the parameters are as of `writeInfoReply`. */
export function snapshotWords(info: TcpInfo, snapshot: number): Int32Array {
  const replies = new Int32Array(3 * FRAME_WORDS);
  const [request, totals] = [2 * FRAME_WORDS, FRAME_WORDS];
  writeInfoReply(replies, request, 0, 0, info, snapshot);
  writeTotalsReply(replies, request, totals, 0, info, snapshot);
  const whole = new Int32Array(SNAPSHOT_WORDS);
  whole.set(replies.subarray(REPLY_HEAD_WORDS, socket.SOCKET_INFO_GET_REPLY_WORDS));
  const end = totals + socket.SOCKET_TOTALS_GET_REPLY_WORDS;
  whole.set(replies.subarray(totals + REPLY_HEAD_WORDS, end), INFO_WORDS);
  return whole;
}

/**
 * Writes the reply to a SocketSnapshotGet.
 * @param whole what `snapshotWords` made. @param first which of its words comes first.
 */
export function writeSnapshotReply(
  words: Int32Array,
  request: number,
  reply: number,
  tid: number,
  whole: Int32Array,
  snapshot: number,
  first: number,
): void {
  assert(first < SNAPSHOT_WORDS, 'tcp info: a part begins within its snapshot');
  const word = (i: number): number => (first + i < SNAPSHOT_WORDS ? whole[first + i] : 0);
  socket.writeSocketSnapshotGetReply(
    words,
    reply,
    tid,
    HOST_TID,
    frameInitiatorContext(words, request),
    frameTransactionContext(words, request),
    REQUEST_STATUS_SUCCESS,
    0,
    first,
    snapshot,
    word(0),
    word(1),
    word(2),
    word(3),
    word(4),
    word(5),
    word(6),
    word(7),
    word(8),
    word(9),
  );
}

/** Takes the words that a SocketSnapshotGet's reply tells. @param whole the snapshot that they are put into. */
export function readSnapshotReply(words: Int32Array, reply: number, whole: Int32Array): void {
  const first = socket.getSocketSnapshotGetReplyFirst(words, reply);
  assert(first < SNAPSHOT_WORDS, 'tcp info: a part that was checked is of a snapshot');
  const count = Math.min(SNAPSHOT_PART_WORDS, SNAPSHOT_WORDS - first);
  for (let i = 0; i < count; i++) whole[first + i] = words[reply + PART_WORD + i];
}

/** The record that a snapshot is of. @param whole all of its words. */
export function readSnapshot(whole: Int32Array): TcpInfo {
  assert(whole.length === SNAPSHOT_WORDS, 'tcp info: a snapshot is read whole');
  const { info, totals } = SNAPSHOT_HALVES;
  return { ...readInfoReply(whole, info.frame), ...readTotalsReply(whole, totals.frame) };
}

/** What a SocketInfoGet's reply tells; what a SocketTotalsGet's does is the rest of the record. */
export function readInfoReply(words: Int32Array, reply: number) {
  return {
    state: socket.getSocketInfoGetReplyState(words, reply),
    ca_state: socket.getSocketInfoGetReplyCaState(words, reply),
    retransmits: socket.getSocketInfoGetReplyRetransmits(words, reply),
    probes: socket.getSocketInfoGetReplyProbes(words, reply) >>> 0,
    backoff: socket.getSocketInfoGetReplyBackoff(words, reply),
    options: socket.getSocketInfoGetReplyOptions(words, reply),
    snd_wscale: socket.getSocketInfoGetReplySndWscale(words, reply),
    rcv_wscale: socket.getSocketInfoGetReplyRcvWscale(words, reply),
    rto: socket.getSocketInfoGetReplyRto(words, reply) >>> 0,
    ato: socket.getSocketInfoGetReplyAto(words, reply) >>> 0,
    snd_mss: socket.getSocketInfoGetReplySndMss(words, reply),
    rcv_mss: socket.getSocketInfoGetReplyRcvMss(words, reply) >>> 0,
    advmss: socket.getSocketInfoGetReplyAdvmss(words, reply),
    pmtu: socket.getSocketInfoGetReplyPmtu(words, reply) >>> 0,
    unacked: socket.getSocketInfoGetReplyUnacked(words, reply) >>> 0,
    sacked: socket.getSocketInfoGetReplySacked(words, reply) >>> 0,
    lost: socket.getSocketInfoGetReplyLost(words, reply) >>> 0,
    last_data_sent: socket.getSocketInfoGetReplyLastDataSent(words, reply) >>> 0,
    last_data_recv: socket.getSocketInfoGetReplyLastDataRecv(words, reply) >>> 0,
    last_ack_recv: socket.getSocketInfoGetReplyLastAckRecv(words, reply) >>> 0,
    rcv_ssthresh: socket.getSocketInfoGetReplyRcvSsthresh(words, reply) >>> 0,
    rtt: socket.getSocketInfoGetReplyRtt(words, reply) >>> 0,
    rttvar: socket.getSocketInfoGetReplyRttvar(words, reply) >>> 0,
    snd_ssthresh: socket.getSocketInfoGetReplySndSsthresh(words, reply) >>> 0,
    snd_cwnd: socket.getSocketInfoGetReplySndCwnd(words, reply) >>> 0,
    reordering: socket.getSocketInfoGetReplyReordering(words, reply) >>> 0,
    rcv_rtt: socket.getSocketInfoGetReplyRcvRtt(words, reply) >>> 0,
    min_rtt: socket.getSocketInfoGetReplyMinRtt(words, reply) >>> 0,
    notsent_bytes: socket.getSocketInfoGetReplyNotsentBytes(words, reply) >>> 0,
    outq_bytes: socket.getSocketInfoGetReplyOutqBytes(words, reply) >>> 0,
    snd_wnd: socket.getSocketInfoGetReplySndWnd(words, reply) >>> 0,
    rcv_wnd: socket.getSocketInfoGetReplyRcvWnd(words, reply) >>> 0,
    retrans: socket.getSocketInfoGetReplyRetrans(words, reply) >>> 0,
  } satisfies Partial<TcpInfo>;
}

/** What a SocketTotalsGet's reply tells. */
export function readTotalsReply(words: Int32Array, reply: number) {
  return {
    total_retrans: socket.getSocketTotalsGetReplyTotalRetrans(words, reply) >>> 0,
    segs_out: socket.getSocketTotalsGetReplySegsOut(words, reply) >>> 0,
    segs_in: socket.getSocketTotalsGetReplySegsIn(words, reply) >>> 0,
    data_segs_out: socket.getSocketTotalsGetReplyDataSegsOut(words, reply) >>> 0,
    data_segs_in: socket.getSocketTotalsGetReplyDataSegsIn(words, reply) >>> 0,
    delivered: socket.getSocketTotalsGetReplyDelivered(words, reply) >>> 0,
    delivered_ce: socket.getSocketTotalsGetReplyDeliveredCe(words, reply) >>> 0,
    rcv_ooopack: socket.getSocketTotalsGetReplyRcvOoopack(words, reply) >>> 0,
    total_rto: socket.getSocketTotalsGetReplyTotalRto(words, reply) >>> 0,
    total_rto_recoveries: socket.getSocketTotalsGetReplyTotalRtoRecoveries(words, reply) >>> 0,
    total_rto_time: socket.getSocketTotalsGetReplyTotalRtoTime(words, reply) >>> 0,
    bytes_acked: sumOf(
      socket.getSocketTotalsGetReplyBytesAckedLow(words, reply),
      socket.getSocketTotalsGetReplyBytesAckedHigh(words, reply),
    ),
    bytes_received: sumOf(
      socket.getSocketTotalsGetReplyBytesReceivedLow(words, reply),
      socket.getSocketTotalsGetReplyBytesReceivedHigh(words, reply),
    ),
    bytes_sent: sumOf(
      socket.getSocketTotalsGetReplyBytesSentLow(words, reply),
      socket.getSocketTotalsGetReplyBytesSentHigh(words, reply),
    ),
    bytes_retrans: sumOf(
      socket.getSocketTotalsGetReplyBytesRetransLow(words, reply),
      socket.getSocketTotalsGetReplyBytesRetransHigh(words, reply),
    ),
    busy_time: sumOf(
      socket.getSocketTotalsGetReplyBusyTimeLow(words, reply),
      socket.getSocketTotalsGetReplyBusyTimeHigh(words, reply),
    ),
    rwnd_limited: sumOf(
      socket.getSocketTotalsGetReplyRwndLimitedLow(words, reply),
      socket.getSocketTotalsGetReplyRwndLimitedHigh(words, reply),
    ),
    sndbuf_limited: sumOf(
      socket.getSocketTotalsGetReplySndbufLimitedLow(words, reply),
      socket.getSocketTotalsGetReplySndbufLimitedHigh(words, reply),
    ),
    reord_seen: socket.getSocketTotalsGetReplyReordSeen(words, reply) >>> 0,
  } satisfies Partial<TcpInfo>;
}

/** Bits 32 to 63 of a sum. */
function highWord(sum: number): number {
  assert(sum >= 0 && Number.isSafeInteger(sum), 'tcp info: a sum is a whole number below 2^53');
  return Math.floor(sum / WORD_VALUES);
}

/** A sum of two words; one that a double does not hold exactly is the nearest that it does. */
function sumOf(low: number, high: number): number {
  return (low >>> 0) + (high >>> 0) * WORD_VALUES;
}
