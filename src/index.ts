/**
 * The package's door: a card, its sockets in three forms, the virtual world, the drop-in for `node:net`, and
 * a host alone to be drilled.
 * Everything else is inside.
 */
export { type Advice, advise } from './advise/advise.ts';
export type { SettingOutcome } from './drill/host/apply-setting.ts';
export { DrillHost, type DrillHostOptions } from './drill/host/drill-host.ts';
export { DrillMemory } from './drill/host/drill-memory.ts';
export type { OutcomeName, Verdict } from './drill/run/outcome.ts';
export type { RunOptions } from './drill/run/run-options.ts';
export { type DrillRequest, drillScript } from './drill/run/runner.ts';
export { buildPacket, decodePacket, type WirePacket } from './drill/wire/wire-packet.ts';

export type { PoolState, PoolUse } from './ledger/pool-meter.ts';
export { type InstallOptions, install, isInstalled, uninstall } from './node/install.ts';
export { register } from './node/start.ts';
export { BlockingSockets } from './socket/blocking.ts';
export { congestionName, congestionNumber } from './socket/congestion-names.ts';
export {
  type DatagramSource,
  type Endpoint,
  FAILED,
  HANGUP,
  READABLE,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_STREAM,
  type SocketStack,
  WRITABLE,
} from './socket/contract.ts';
export { errnoName } from './socket/errno.ts';
export * as socketOptions from './socket/options.ts';
export { PromiseSockets } from './socket/promises.ts';
export { SocketError } from './socket/socket-error.ts';
export type { TcpInfo } from './socket/tcp-info.ts';
export { type MeasureOptions, measure } from './sweep/measure.ts';
export type { Measurement } from './sweep/measurement.ts';
export type { StallName, WorldPools, WorldStalls } from './sweep/pressure.ts';
export type { WorkloadSettings } from './sweep/workload.ts';
export { FileSink } from './trace/file-sink.ts';
export type { TraceEnd, TraceHead, TraceSink } from './trace/sink.ts';
export type { ClientProgram, Program, ServerProgram } from './workloads/program.ts';
export type { WorldBooks } from './world/build/books.ts';
export type { TraceRequest } from './world/build/card-trace.ts';
export type { CardPools, CardStalls, PoolName } from './world/build/pools.ts';
export { cardConfig } from './world/config/card-config.ts';
export { type CardConfig, type CardOverrides, DEFAULT_CARD_CONFIG } from './world/config/settings.ts';
export { type StartLoad, type StartWarning, startCheck } from './world/config/start-check.ts';
export { openInlineWorld } from './world/inline/inline-world.ts';
export { type Card, type CardOptions, type Echo, openCard, openEcho } from './world/open/card.ts';
export type { Placed, PlacementChoice } from './world/open/placement.ts';
export { ThreadWorld } from './world/thread/thread-world.ts';
export { parseTopology, readTopology, type Topology } from './world/topology.ts';
export type { VirtualOptions } from './world/virtual/virtual-options.ts';
export { VirtualWorld } from './world/virtual/virtual-world.ts';
