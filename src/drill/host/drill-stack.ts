/** The stack of a drilled host: the MTU of its device may change while it runs. */
import { Stack } from '../../tcpip/stack/stack.ts';

export class DrillStack extends Stack {
  /** What is sent from now on is no larger. @param mtu 68 to 65535. */
  setMtu(mtu: number): void {
    this.environment.mtus[0] = mtu;
  }
}
