/** The stack of a drilled host: the MTU of its device may change while it runs. */

import { Stack } from '../../tcpip/stack/stack.ts';
import { TIME_WAIT } from '../../tcpip/tcp/state.ts';

export class DrillStack extends Stack {
  /** What is sent from now on is no larger. @param mtu 68 to 65535. */
  setMtu(mtu: number): void {
    this.environment.mtus[0] = mtu;
  }

  /** The largest window that a connection's peer has offered, and the MSS that it has said. */
  largestWindow(connection: number): number {
    return this.tcp.tcbs[connection].sndWndMax;
  }

  mssOfPeer(connection: number): number {
    return this.tcp.tcbs[connection].mssPeer;
  }

  /** @param state as TCP_INFO numbers it. */
  connectionsIn(state: number): number {
    const { tcbs, timeWait } = this.tcp;
    if (state === TIME_WAIT) return timeWait.count;
    return tcbs.filter((tcb) => tcb.inUse !== 0 && tcb.state === state).length;
  }
}
