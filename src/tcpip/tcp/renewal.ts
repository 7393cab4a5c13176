/** A socket whose connection has failed is used again. */
import { assert } from '../../assert/assert.ts';
import { ConnectionOptions } from './control-block/options.ts';
import { dropHold, takeHold } from './holds.ts';
import { discardReceived } from './lifecycle.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/**
 * A connection that has failed is as new, ready to be opened again: bound as its user had bound it, with the
 * options set on it. What it had received is thrown away (Linux's tcp_disconnect).
 */
export function renew(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.hashed === 0 && tcb.sends.count === 0, 'calls: a connection that is renewed is over');
  discardReceived(tcp, tcb);
  dropHold(tcp, tcb);
  const { config } = tcp.environment;
  const { owner, bound, portChosen, addressNamed, localAddress, localPort, ttl, tos } = tcb;
  const saved = new ConnectionOptions();
  saved.inherit(tcb.options);
  const { chosen } = tcb.congestion;
  tcb.reset(config);
  tcb.options.inherit(saved);
  tcb.congestion.chosen = chosen;
  tcb.owner = owner;
  tcb.ttl = ttl;
  tcb.tos = tos;
  tcb.timers.lastReceiveMs = tcp.environment.nowMs;
  tcb.addressNamed = addressNamed;
  if (addressNamed !== 0) tcb.localAddress = localAddress;
  tcb.localPort = localPort;
  if (bound === 0) return;
  tcb.bound = bound;
  tcb.portChosen = portChosen;
  takeHold(tcp, tcb);
}
