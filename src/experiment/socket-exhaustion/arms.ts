/** The arms: the case as it is told, and what differs from it in each other one. */
import type { Arm } from './arm.ts';

/** The range of ephemeral ports that Linux 2.6 has by itself: 32768 to 61000. */
const DEFAULT_PORTS = 28_233;
/** Of a server that is to run out of sockets itself. */
const FEW_SOCKETS = 16_000;
/** More than the processor and one address let through. */
const OVERLOAD = 2;

export type ArmName = keyof ReturnType<typeof armsOf>;

export function armsOf(told: Arm) {
  return { ...armsAsTold(told), ...armsAlone(told) };
}

/** The case, and what differs from it. */
function armsAsTold(told: Arm) {
  return {
    idle: { ...told, name: 'idle, as told' },
    once: { ...told, afterwards: 'at once', name: 'ended at once' },
    idleFree: { ...told, workUs: 0, protocolCosts: false, name: 'idle, a free processor' },
    idleOther: {
      ...told,
      reset: !told.reset,
      name: told.reset ? 'idle, ended by FIN' : 'idle, ended by RST',
    },
    idleServer: {
      ...told,
      serverEnds: !told.serverEnds,
      name: told.serverEnds ? 'idle, ended by the balancer' : 'idle, ended by the server',
    },
    idleAddresses: { ...told, addresses: told.addresses * 2, name: 'idle, twice the addresses' },
    idleHalfWait: { ...told, timeWaitS: told.timeWaitS / 2, name: 'idle, half of TIME-WAIT' },
    idleFewPorts: {
      ...told,
      ports: Math.min(told.ports, DEFAULT_PORTS),
      name: "idle, Linux's default range",
    },
    reuse: { ...told, afterwards: 'reuse', name: 'connections used again' },
    idleCard: { ...told, onCard: true, name: 'idle, iNIC' },
    serverFull: {
      ...told,
      reset: true,
      serverEnds: false,
      serverSockets: Math.min(told.serverSockets, FEW_SOCKETS),
      name: 'RST, few server sockets',
    },
  } as const satisfies Record<string, Arm>;
}

/** The ports alone, and the processor alone. */
function armsAlone(told: Arm) {
  /** Ended in order by the balancer; work and protocol take no time: the ports alone bind. */
  const ports: Arm = {
    ...told,
    reset: false,
    serverEnds: false,
    workUs: 0,
    protocolCosts: false,
    rate: told.rate * OVERLOAD,
  };
  const portsOnce: Arm = { ...ports, afterwards: 'at once' };
  /** No port is held: the processor's time for each request is measured. */
  const processor: Arm = { ...told, afterwards: 'at once', reset: true, serverEnds: false };
  return {
    ports: { ...ports, name: 'ports alone: idle' },
    portsOnce: { ...portsOnce, name: 'ports alone: ended at once' },
    portsOnceMore: {
      ...portsOnce,
      rate: portsOnce.rate * OVERLOAD,
      name: 'ports alone: as many requests as two addresses are sent',
    },
    portsTwice: {
      ...portsOnce,
      addresses: told.addresses * 2,
      rate: portsOnce.rate * OVERLOAD,
      name: 'ports alone: twice the addresses',
    },
    portsSplit: {
      ...portsOnce,
      addresses: told.addresses * 2,
      ports: Math.floor(told.ports / 2),
      name: 'ports alone: twice the addresses, half each',
    },
    portsHalfWait: { ...portsOnce, timeWaitS: told.timeWaitS / 2, name: 'ports alone: half of TIME-WAIT' },
    portsReset: { ...portsOnce, reset: true, name: 'ports alone: ended by RST' },
    portsServer: { ...portsOnce, serverEnds: true, name: 'ports alone: ended by the server' },
    portsTwReuse: { ...portsOnce, reusesTimeWait: true, name: 'ports alone: tcp_tw_reuse' },
    portsTwReuseBare: {
      ...portsOnce,
      reusesTimeWait: true,
      timestamps: false,
      name: 'ports alone: tcp_tw_reuse without timestamps',
    },
    portsKept: { ...ports, afterwards: 'reuse', name: 'ports alone: connections used again' },
    portsCard: { ...portsOnce, onCard: true, name: 'ports alone: iNIC' },
    processor: { ...processor, name: 'processor alone: a connection each' },
    processorKept: { ...processor, afterwards: 'reuse', name: 'processor alone: connections used again' },
    processorCard: { ...processor, onCard: true, name: 'processor alone: iNIC, a connection each' },
  } as const satisfies Record<string, Arm>;
}
