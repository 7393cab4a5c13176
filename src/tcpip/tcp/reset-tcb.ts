/**
 * Makes a Tcb from the pool as new. Its place in the timer heap and in the ready ring outlives it: both are
 * looked at lazily.
 */
import type { StackConfig } from '../config.ts';
import { ACK_NONE, CLOSED, RECOVERY_NONE } from './state.ts';
import type { Tcb } from './tcb.ts';

const SSTHRESH_START = 0x3fff_ffff;

export function resetTcb(tcb: Tcb, config: StackConfig): void {
  tcb.state = CLOSED;
  tcb.owner = -1;
  tcb.parent = -1;
  tcb.error = 0;
  tcb.softError = 0;
  resetPeer(tcb, config);
  resetSending(tcb);
  resetReceiving(tcb, config);
  resetTiming(tcb, config);
  resetOptions(tcb, config);
}

function resetPeer(tcb: Tcb, config: StackConfig): void {
  tcb.localAddress = 0;
  tcb.remoteAddress = 0;
  tcb.localPort = 0;
  tcb.remotePort = 0;
  tcb.hashed = 0;
  tcb.bound = 0;
  tcb.boundNext = -1;
  tcb.nextHop = 0;
  tcb.neighbour = -1;
  tcb.awaitsNeighbour = 0;
  tcb.ipSum = 0;
  tcb.pseudoSum = 0;
  tcb.ttl = config.ttl;
  tcb.tos = 0;
  tcb.backlog = 0;
  tcb.embryoCount = 0;
  tcb.acceptHead = -1;
  tcb.acceptTail = -1;
  tcb.acceptCount = 0;
  tcb.acceptNext = -1;
}

function resetSending(tcb: Tcb): void {
  tcb.iss = 0;
  tcb.sndUna = 0;
  tcb.sndNxt = 0;
  tcb.sndMax = 0;
  tcb.sndEnd = 0;
  tcb.sndWnd = 0;
  tcb.sndWndMax = 0;
  tcb.sndWl1 = 0;
  tcb.sndWl2 = 0;
  tcb.sndScale = 0;
  tcb.scaling = 0;
  tcb.sndUp = 0;
  tcb.urgent = 0;
  tcb.sndSmall = 0;
  tcb.finQueued = 0;
  tcb.mss = 536;
  tcb.mssPeer = 536;
  tcb.mssUser = 0;
  tcb.pathMtu = 0;
  tcb.sendHead = -1;
  tcb.sendTail = -1;
  tcb.sendHeadOffset = 0;
  tcb.sendCount = 0;
  tcb.cursor = -1;
  tcb.cursorOffset = 0;
  tcb.forced = 0;
  tcb.cwnd = 0;
  tcb.ssthresh = SSTHRESH_START;
  tcb.cwndAcked = 0;
  tcb.cwndLimited = 0;
  tcb.dupAcks = 0;
  tcb.recovery = RECOVERY_NONE;
  tcb.recover = 0;
  tcb.retransmitDue = 0;
  tcb.highRetransmitted = 0;
  tcb.lostSeq = 0;
  tcb.sackHead = -1;
  tcb.sackCount = 0;
  tcb.sackedBytes = 0;
  tcb.retransmissions = 0;
}

function resetReceiving(tcb: Tcb, config: StackConfig): void {
  tcb.irs = 0;
  tcb.rcvNxt = 0;
  tcb.rcvAdv = 0;
  tcb.rcvScale = 0;
  tcb.rcvBuffer = config.receiveBufferBytes;
  tcb.rcvQueued = 0;
  tcb.rcvUnconsumed = 0;
  tcb.rcvMss = 0;
  tcb.rcvHead = -1;
  tcb.rcvTail = -1;
  tcb.lateHead = -1;
  tcb.lateTail = -1;
  tcb.lateCount = 0;
  tcb.lateNewest = 0;
  tcb.duplicateStart = 0;
  tcb.duplicateEnd = 0;
  tcb.slotsHeld = 0;
  tcb.finKnown = 0;
  tcb.finSeq = 0;
  tcb.finReceived = 0;
  tcb.shutdownRead = 0;
  tcb.rcvUp = 0;
  tcb.rcvUrgent = 0;
  tcb.timestamps = 0;
  tcb.tsRecent = 0;
  tcb.tsRecentMs = 0;
  tcb.tsOffset = 0;
  tcb.lastAckSent = 0;
  tcb.sackPermitted = 0;
}

function resetTiming(tcb: Tcb, config: StackConfig): void {
  tcb.ackOwed = ACK_NONE;
  tcb.duplicatesOwed = 0;
  tcb.quickAcks = config.quickAcks;
  tcb.pingPong = 0;
  tcb.lastDataUs = 0;
  tcb.challengeUs = 0;
  tcb.challenged = 0;
  tcb.srtt = 0;
  tcb.rttvar = 0;
  tcb.rto = config.rtoInitialUs;
  tcb.rttTiming = 0;
  tcb.rttSeq = 0;
  tcb.rttUs = 0;
  tcb.retries = 0;
  tcb.stalledMs = 0;
  tcb.lastSendUs = 0;
  tcb.lastReceiveMs = 0;
  tcb.synRetransmitted = 0;
  tcb.timers = 0;
  tcb.probes = 0;
  tcb.probeDue = 0;
}

function resetOptions(tcb: Tcb, config: StackConfig): void {
  tcb.noDelay = 0;
  tcb.keepAlive = 0;
  tcb.keepIdleSeconds = config.keepAliveIdleSeconds;
  tcb.keepIntervalSeconds = config.keepAliveIntervalSeconds;
  tcb.keepProbes = config.keepAliveProbes;
  tcb.userTimeoutMs = 0;
  tcb.lingerSeconds = -1;
  tcb.reuseAddress = 0;
  tcb.sendBuffer = 0;
}
