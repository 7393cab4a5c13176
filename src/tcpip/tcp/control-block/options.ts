/** What the user has set on one connection or listener (the names of `socket/options.ts`). */
import { MTU_DISCOVER_WANT } from '../../../socket/options.ts';
import type { StackConfig } from '../../config.ts';

export class ConnectionOptions {
  noDelay = 0;
  keepAlive = 0;
  keepIdleSeconds = 0;
  keepIntervalSeconds = 0;
  keepProbes = 0;
  /** TCP_USER_TIMEOUT; 0: none. */
  userTimeoutMs = 0;
  /** SO_LINGER; -1: off. */
  lingerSeconds = -1;
  reuseAddress = 0;
  /** SO_BROADCAST: only remembered. */
  broadcast = 0;
  /** SO_SNDBUF: only remembered, since the bytes to be sent lie in the user's buffers. */
  sendBufferBytes = 0;
  /** TCP_MAXSEG; 0: not set. */
  segmentBytesMax = 0;
  /** TCP_CORK: 1 while only full segments may go. */
  cork = 0;
  /** TCP_NOTSENT_LOWAT; 0: none. */
  unsentLowBytes = 0;
  /** TCP_DEFER_ACCEPT: SYN-ACKs sent again that a connection may wait for data; 0: none. */
  deferAccept = 0;
  /** TCP_LINGER2 in seconds; 0: as configured; -1: none. */
  finWaitSeconds = 0;
  /** IP_MTU_DISCOVER, a number of Linux's. */
  mtuDiscover = MTU_DISCOVER_WANT;

  reset(config: StackConfig): void {
    this.noDelay = 0;
    this.keepAlive = 0;
    this.keepIdleSeconds = config.keepAliveIdleSeconds;
    this.keepIntervalSeconds = config.keepAliveIntervalSeconds;
    this.keepProbes = config.keepAliveProbes;
    this.userTimeoutMs = 0;
    this.lingerSeconds = -1;
    this.reuseAddress = 0;
    this.broadcast = 0;
    this.sendBufferBytes = 0;
    this.segmentBytesMax = 0;
    this.cork = 0;
    this.unsentLowBytes = 0;
    this.deferAccept = 0;
    this.finWaitSeconds = 0;
    this.mtuDiscover = MTU_DISCOVER_WANT;
  }

  /** A connection that a listener accepts starts with the listener's options, as on Linux. */
  inherit(listener: ConnectionOptions): void {
    this.noDelay = listener.noDelay;
    this.keepAlive = listener.keepAlive;
    this.keepIdleSeconds = listener.keepIdleSeconds;
    this.keepIntervalSeconds = listener.keepIntervalSeconds;
    this.keepProbes = listener.keepProbes;
    this.userTimeoutMs = listener.userTimeoutMs;
    this.lingerSeconds = listener.lingerSeconds;
    this.reuseAddress = listener.reuseAddress;
    this.broadcast = listener.broadcast;
    this.sendBufferBytes = listener.sendBufferBytes;
    this.segmentBytesMax = listener.segmentBytesMax;
    this.cork = listener.cork;
    this.unsentLowBytes = listener.unsentLowBytes;
    this.deferAccept = listener.deferAccept;
    this.finWaitSeconds = listener.finWaitSeconds;
    this.mtuDiscover = listener.mtuDiscover;
  }
}
