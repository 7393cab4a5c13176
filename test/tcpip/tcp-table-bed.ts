/** A control block beside the tables of a stack. */
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { World } from './harness.ts';

/** A Tcb beside the tables of a stack, with 100 sequence numbers outstanding and a window of 1000. */
export function beside() {
  const { a, region } = new World({ slots: 64 });
  const tcb = new Tcb(0);
  tcb.sndMax = 101;
  tcb.sndNxt = 101;
  tcb.sndUna = 1;
  tcb.sndEnd = 1;
  tcb.rcvNxt = 500;
  tcb.rcvAdv = 1500;
  return { a, view: region.view, tcb, tcp: a.stack['tcp'] };
}
