/** The workloads that are made of programs, by the names netperf gives them where it has them. */
import { ConnectRequestResponseClient, ConnectRequestResponseServer } from './connect-request-response.ts';
import {
  DatagramRequestClient,
  DatagramRequestServer,
  DatagramStreamClient,
  DatagramStreamServer,
} from './datagrams.ts';
import { HttpClient, HttpServer } from './http-programs.ts';
import { MaertsReader, MaertsWriter } from './maerts.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { RequestResponseClient, RequestResponseServer } from './request-response.ts';
import { StreamClient, StreamServer } from './stream.ts';

export const ROLES = ['client', 'server'] as const;

/** What a description may say of some workloads, beside what it may of all. */
export type WorkloadKey =
  | 'response'
  | 'think'
  | 'arrivals'
  | 'service'
  | 'spread'
  | 'idle'
  | 'timeout'
  | 'request'
  | 'requests'
  | 'closes'
  | 'sizes';

export interface WorkloadKind {
  readonly Client: new (parts: ProgramParts, shape: ProgramShape) => ClientProgram;
  readonly Server: new (parts: ProgramParts, shape: ProgramShape) => ServerProgram;
  /** What one operation is. */
  readonly operation: 'request' | 'connection' | 'write' | 'datagram';
  /** Whether it travels in datagrams, which may be lost; else in connections. */
  readonly datagrams: boolean;
  /** Connections, and bytes, where nobody says. */
  readonly connections: number;
  readonly sizeBytes: number;
  readonly keys: readonly WorkloadKey[];
}

const PACED = ['think', 'arrivals', 'service', 'spread'] as const;

export const WORKLOADS = {
  TCP_RR: {
    Client: RequestResponseClient,
    Server: RequestResponseServer,
    operation: 'request',
    datagrams: false,
    connections: 32,
    sizeBytes: 128,
    keys: ['response', 'idle', ...PACED],
  },
  TCP_CRR: {
    Client: ConnectRequestResponseClient,
    Server: ConnectRequestResponseServer,
    operation: 'connection',
    datagrams: false,
    connections: 32,
    sizeBytes: 128,
    keys: ['response', 'idle', ...PACED],
  },
  TCP_STREAM: {
    Client: StreamClient,
    Server: StreamServer,
    operation: 'write',
    datagrams: false,
    connections: 1,
    sizeBytes: 16_384,
    keys: ['idle'],
  },
  TCP_MAERTS: {
    Client: MaertsReader,
    Server: MaertsWriter,
    operation: 'write',
    datagrams: false,
    connections: 1,
    sizeBytes: 16_384,
    keys: ['idle'],
  },
  UDP_RR: {
    Client: DatagramRequestClient,
    Server: DatagramRequestServer,
    operation: 'request',
    datagrams: true,
    connections: 32,
    sizeBytes: 128,
    keys: ['response', 'timeout', ...PACED],
  },
  UDP_STREAM: {
    Client: DatagramStreamClient,
    Server: DatagramStreamServer,
    operation: 'datagram',
    datagrams: true,
    connections: 1,
    sizeBytes: 1472,
    keys: ['arrivals', 'service', 'spread'],
  },
  HTTP: {
    Client: HttpClient,
    Server: HttpServer,
    operation: 'request',
    datagrams: false,
    connections: 32,
    sizeBytes: 1024,
    keys: ['request', 'requests', 'closes', 'sizes', 'idle', ...PACED],
  },
} as const satisfies Record<string, WorkloadKind>;

export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as readonly WorkloadName[];

/** @returns what a workload is like; undefined for a name that is none. */
export function workloadOf(name: unknown): WorkloadKind | undefined {
  return WORKLOAD_NAMES.includes(name as WorkloadName) ? WORKLOADS[name as WorkloadName] : undefined;
}

/** Whether its operations are requests, which have latencies. */
export function hasRequests(name: WorkloadName): boolean {
  const { operation } = WORKLOADS[name];
  return operation === 'request' || operation === 'connection';
}
