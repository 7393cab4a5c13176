/** The ends of a socket of a host's own stack, for whoever looks on: no program has asked, and no call counts. */
import { USER_CALLS } from '../../ledger/counters.gen.ts';
import type { BuiltHostStack } from '../build/host-stack.ts';
import type { SocketEnds } from './watch.ts';

export function socketEnds({ stack, ledger }: BuiltHostStack, socket: number): SocketEnds {
  const { counters } = ledger;
  const calls = counters[USER_CALLS];
  const ends = { local: stack.localEndpoint(socket), remote: stack.remoteEndpoint(socket) };
  counters[USER_CALLS] = calls;
  return ends;
}
