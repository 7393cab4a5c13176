/**
 * That a socket holds its local port: while it is bound to it, or has a connection there. What says so
 * (`bound`, `hashed`, the port, the address, SO_REUSEADDR, LISTEN) is changed only between `dropHold` and
 * `takeHold`, or by a function of this file.
 */
import { assert } from '../../assert/assert.ts';
import { LISTEN } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The socket holds its port, if it does, no longer by what it is now. */
export function dropHold(tcp: TcpTables, tcb: Tcb): void {
  if ((tcb.bound | tcb.hashed) === 0) return;
  if (tcb.bound !== 0) tcp.holders.bind(tcb.localPort, -1);
  tcp.holders.remove(tcb.localPort, tcb.localAddress, isExclusive(tcb));
}

/** The socket holds its port, if it does, by what it is now. */
export function takeHold(tcp: TcpTables, tcb: Tcb): void {
  if ((tcb.bound | tcb.hashed) === 0) return;
  assert(tcb.localPort > 0, 'holds: who holds a port has one');
  tcp.holders.add(tcb.localPort, tcb.localAddress, isExclusive(tcb));
  if (tcb.bound !== 0) tcp.holders.bind(tcb.localPort, 1);
}

/** Segments find the connection: a socket that is bound has held its port before. */
export function holdAsConnection(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.hashed === 0, 'holds: a connection holds its port once');
  tcb.hashed = 1;
  if (tcb.bound === 0) takeHold(tcp, tcb);
}

/** Segments find the connection no longer. */
export function releaseAsConnection(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.hashed === 1, 'holds: a connection gives up a port that it held');
  if (tcb.bound === 0) dropHold(tcp, tcb);
  tcb.hashed = 0;
}

/** A connection goes to TIME-WAIT, which holds its port from now on, beside a socket that is bound to it. */
export function holdForTimeWait(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.hashed === 1, 'holds: what waits has been a connection');
  tcb.hashed = 0;
  if (tcb.bound !== 0) tcp.holders.add(tcb.localPort, tcb.localAddress, 0);
  else if (isExclusive(tcb) === 1) tcp.holders.share(tcb.localPort, tcb.localAddress);
}

/** Whether it shares its port with nobody, whatever the other asks for. @returns 1 or 0. */
function isExclusive({ options, state }: Tcb): number {
  return options.reuseAddress === 0 || state === LISTEN ? 1 : 0;
}
