/** The workloads that are made of programs, by the names netperf gives them. */
import { ConnectRequestResponseClient, ConnectRequestResponseServer } from './connect-request-response.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { RequestResponseClient, RequestResponseServer } from './request-response.ts';
import { StreamClient, StreamServer } from './stream.ts';

export const ROLES = ['client', 'server'] as const;

export interface WorkloadPrograms {
  readonly Client: new (parts: ProgramParts, shape: ProgramShape) => ClientProgram;
  readonly Server: new (parts: ProgramParts, shape: ProgramShape) => ServerProgram;
}

export const WORKLOADS = {
  TCP_RR: { Client: RequestResponseClient, Server: RequestResponseServer },
  TCP_CRR: { Client: ConnectRequestResponseClient, Server: ConnectRequestResponseServer },
  TCP_STREAM: { Client: StreamClient, Server: StreamServer },
} as const satisfies Record<string, WorkloadPrograms>;

export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as readonly WorkloadName[];
