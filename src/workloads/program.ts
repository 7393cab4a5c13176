/**
 * A program: one end of a workload, written against the socket contract alone. It never waits: whoever
 * drives it calls `step` again when its stack has news or when the time it named has come. So the same
 * program runs on a card in a thread, on one polled inline, in virtual time, and on the kernel's stack.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import type { SocketStack } from '../socket/contract.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Pace } from './pacing.ts';
import type { ReadySockets } from './ready.ts';

export interface Program {
  /** Does what can be done now. @returns how many calls got on; it is called again while that is not 0. */
  step(): number;
  /** When it wants to run without news, in clock nanoseconds; absent: never. */
  nextDeadlineNs?(): number;
}

/** What a workload's programs stand on. */
export interface ProgramParts {
  readonly stack: SocketStack;
  readonly clock: Clock;
  /** Keeps the processor busy for so long; absent: by looking at the clock. */
  readonly work?: (ns: number) => void;
  /** Names sockets that are worth a call, for all programs of the stack; absent: each is tried in turn. */
  readonly ready?: ReadySockets | undefined;
  /** What a pace that spreads draws from; absent: nothing is paced. */
  readonly random?: Random;
  /** One in `sampleMask + 1` transactions of a connection, a power of two, has its latency recorded. */
  readonly sampleMask?: number;
}

/** The shape of a workload, the same for its client and its server. */
export interface ProgramShape {
  /** Where the server listens. */
  readonly address: number;
  readonly port: number;
  /** Connections open at once. */
  readonly connections: number;
  /** Bytes of a request, of a write or of a datagram; of HTTP, of an answer's body. */
  readonly sizeBytes: number;
  /** Bytes of a response; absent: as long as its request. */
  readonly responseBytes?: number;
  /** Absent: as fast as it goes. */
  readonly pace?: Pace;
  /** TCP_MAERTS: readers ask before they are sent anything, and say when they want no more. */
  readonly asked?: boolean;
  /** UDP_RR: how long an answer is waited for before its request counts as lost, in nanoseconds. */
  readonly timeoutNs?: number;
  /** HTTP: what its requests and connections are like. */
  readonly http?: HttpShape;
}

/** How sizes lie around their mean. */
export const SIZE_SPREADS = ['constant', 'exponential', 'pareto'] as const;

export interface HttpShape {
  /** Bytes of a request, its head, which is all there is of it. */
  readonly requestBytes: number;
  /** Whether sizes of requests and of bodies are the mean, or drawn around it. */
  readonly sizes: (typeof SIZE_SPREADS)[number];
  /** Requests of a connection; 0: any number. */
  readonly requests: number;
  /** Who closes a connection that has had so many. */
  readonly closes: 'client' | 'server';
}

/** The end that begins: it connects, and counts operations. */
export interface ClientProgram extends Program {
  /** Transactions completed, or whole writes taken. */
  readonly operations: number;
  /** Operations after which it begins no more; `Infinity` for none. It may be raised to go on. */
  operationsMax: number;
  /** Whether all its connections stand, so that what follows is the workload alone. */
  readonly connected: boolean;
  /**
   * Connections that are not past the burst of the start: each has to have done an operation, and a stream's
   * one for which its peer had to take something. In an open loop they only have to stand.
   */
  readonly unsettled: number;
  /** Whether nothing is under way, since no more is to be begun. */
  readonly idle: boolean;
  /** Whether it has got all its operations done and closed every socket. */
  readonly finished: boolean;
  /** Connections opened so far. */
  readonly opened: number;
  /** Payload bytes received. */
  readonly bytesReceived: number;
  /** Datagrams sent, those that had to be sent again too; absent of what sends none. */
  readonly sent?: number;
  /** Of these, those that have had an answer; absent where none is expected. */
  readonly arrived?: number;
  /** Told the latency of every 16th transaction, or of as many as `sampleMask` says; undefined: nobody. */
  latency: LatencyRecorder | undefined;
  /** Ends after `operationsMax`: closes its sockets once idle. */
  closeWhenIdle: boolean;
  /** Gives up every socket at once. */
  stop(): void;
}

/** The end that answers: it listens, and serves whoever comes. */
export interface ServerProgram extends Program {
  /** Port it listens at, for one that asked for any. */
  readonly port: number;
  /** Connections open now, and accepted so far. */
  readonly connections: number;
  readonly accepted: number;
  /** Payload bytes received. */
  readonly bytesReceived: number;
  /** Datagrams of a stream that have come here; absent of what answers them, or knows none. */
  readonly arrived?: number;
  /** Gives up every socket, the listener too. */
  stop(): void;
}

/** Whether a program is the one that begins, and not the one that answers. */
export function isClient(program: ClientProgram | ServerProgram): program is ClientProgram {
  return 'closeWhenIdle' in program;
}
