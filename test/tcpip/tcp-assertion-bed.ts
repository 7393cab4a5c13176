/** Connections in the states in which the assertions of TCP are tripped. */
import { addEmbryo, joinAcceptQueue } from '../../src/tcpip/tcp/accept-queue.ts';
import { checkTcb } from '../../src/tcpip/tcp/identities.ts';
import { allocateTcb } from '../../src/tcpip/tcp/lifecycle.ts';
import { ESTABLISHED, SYN_RECEIVED } from '../../src/tcpip/tcp/state.ts';
import type { TcpTables } from '../../src/tcpip/tcp/tables.ts';
import type { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { BY_COUNT, pattern, World } from './harness.ts';

export const ACK = 16;
export const SYN = 2;
export const FIN = 1;

/** A connection that both sides have established: the client's side, and the server's. */
export function established() {
  const world = new World({ slots: 64, config: BY_COUNT });
  const { client, server, listener } = world.connect();
  const tcp = world.a.stack['tcp'];
  const tcpB = world.b.stack['tcp'];
  return {
    world,
    tcp,
    tcb: tcp.tcbs[client] as Tcb,
    tcpB,
    peer: tcpB.tcbs[server] as Tcb,
    listener: tcpB.tcbs[listener] as Tcb,
  };
}

/** An established connection with 100 bytes queued, none of them sent. */
export function withData() {
  const f = established();
  f.world.a.sendBytes(f.tcb.index, pattern(100));
  return f;
}

/** A connection in SYN-SENT whose SYN has not been sent, beside one that knows the neighbour. */
export function opening() {
  const f = established();
  const { a, b } = f.world;
  const index = a.stack.tcpOpen(2);
  a.stack.tcpConnect(index, b.address, 80, f.world.nowUs);
  return { ...f, tcb: f.tcp.tcbs[index] as Tcb };
}

/** A Tcb that a user has opened, and nothing else. */
export function opened() {
  const world = new World({ slots: 64 });
  const tcp = world.a.stack['tcp'];
  return { world, tcp, tcb: tcp.tcbs[world.a.stack.tcpOpen(1)] as Tcb };
}

/** A listener, and another Tcb. */
export function listening() {
  const world = new World({ slots: 64 });
  const tcp = world.b.stack['tcp'];
  const listener = tcp.tcbs[world.listen(80)] as Tcb;
  return { world, tcp, listener, tcb: allocateTcb(tcp) as Tcb };
}

/** A listener with one connection in its accept queue. */
export function waiting() {
  const f = listening();
  f.tcb.state = SYN_RECEIVED;
  addEmbryo(f.tcp, f.listener, f.tcb);
  joinAcceptQueue(f.tcp, f.tcb);
  f.tcb.state = ESTABLISHED;
  return f;
}

/** Runs the checks of a connection after `fault` has been done to it. */
export function checked<F extends { tcp: TcpTables; tcb: Tcb }>(
  make: () => F,
  fault: (tcb: Tcb, f: F) => void,
): () => void {
  return () => {
    const f = make();
    checkTcb(f.tcp, f.tcb);
    fault(f.tcb, f);
    checkTcb(f.tcp, f.tcb);
  };
}
