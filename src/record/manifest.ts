/** Where a result came from: enough to run it again, and to know with what it may be compared. */

import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { type Cores, coresApart } from '../linux/affinity.ts';
import { wallClock } from '../time/clock.ts';
import type { BenchOptions, Pinning } from './row.ts';

/** Configurations of the card with sockets and of the card with the echo module; null if not measured. */
export interface CardConfigurations {
  readonly inic: object | null;
  readonly inicMessage: object | null;
}

export interface Manifest {
  readonly commandLine: readonly string[];
  readonly versions: {
    readonly inic: string;
    readonly node: string;
    readonly v8: string;
    readonly uv: string;
    readonly system: string;
  };
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    /** The cores to which the program's thread and the card's were bound; null where none was. */
    readonly pinned: Cores | null;
    readonly memoryBytes: number;
    readonly clockSource: string;
    readonly loadAverageAtStart: number;
  };
  readonly configuration: CardConfigurations & { readonly kernel: Readonly<Record<string, string>> };
  readonly workload: BenchOptions;
  /** The seed of the card's random numbers; null without a card. The programs use none. */
  readonly seed: number | null;
  readonly repeats: number;
  readonly interval: { readonly start: string; readonly end: string };
}

/** The kernel's settings that decide how fast its loopback is. */
const KERNEL_SETTINGS: Readonly<Record<string, string>> = {
  loopbackMtu: '/sys/class/net/lo/mtu',
  tcpRmem: '/proc/sys/net/ipv4/tcp_rmem',
  tcpWmem: '/proc/sys/net/ipv4/tcp_wmem',
  tcpCongestionControl: '/proc/sys/net/ipv4/tcp_congestion_control',
  tcpTimestamps: '/proc/sys/net/ipv4/tcp_timestamps',
  tcpTwReuse: '/proc/sys/net/ipv4/tcp_tw_reuse',
  ipLocalPortRange: '/proc/sys/net/ipv4/ip_local_port_range',
};

const CLOCK_SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource';

/** A manifest without the cards' configurations and the end, which are known only later. */
export type ManifestStart = Omit<Manifest, 'configuration' | 'seed' | 'interval'> & {
  readonly start: string;
};

export function beginManifest(options: BenchOptions, commandLine: readonly string[]): ManifestStart {
  return {
    ...machineFacts(commandLine, options.pin),
    workload: options,
    repeats: options.repeats,
    start: wallClock(),
  };
}

/** On what, with what and how something was measured. */
export type MachineFacts = Pick<Manifest, 'commandLine' | 'versions' | 'machine'>;

export function machineFacts(commandLine: readonly string[], pin: Pinning = 'auto'): MachineFacts {
  const processors = cpus();
  return {
    commandLine,
    versions: {
      inic: packageVersion(),
      node: process.versions.node,
      v8: process.versions.v8,
      uv: process.versions.uv,
      system: `${type()} ${release()} ${process.arch}`,
    },
    machine: {
      processor: processors[0]?.model.trim() ?? 'unknown',
      cores: processors.length,
      pinned: (pin === 'none' ? undefined : coresApart()) ?? null,
      memoryBytes: totalmem(),
      clockSource: readSetting(CLOCK_SOURCE),
      loadAverageAtStart: loadavg()[0],
    },
  };
}

export function endManifest(begun: ManifestStart, cards: CardConfigurations): Manifest {
  const { start, ...known } = begun;
  const kernel = Object.fromEntries(
    Object.entries(KERNEL_SETTINGS).map(([name, path]) => [name, readSetting(path)]),
  );
  return {
    ...known,
    configuration: { ...cards, kernel },
    seed: seedOf(cards),
    interval: { start, end: wallClock() },
  };
}

/**
 * The version in package.json, which lies one folder further up from the compiled file than from the source.
 */
export function packageVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
        string,
        unknown
      >;
      if (manifest['name'] === 'inic') return String(manifest['version']);
    } catch {
      // Not there: look one folder up.
    }
  }
  return 'unknown';
}

function readSetting(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim().replace(/\s+/g, ' ');
  } catch {
    return 'unknown';
  }
}

function seedOf({ inic }: CardConfigurations): number | null {
  const seed: unknown = (inic as { readonly seed?: unknown } | null)?.seed;
  return typeof seed === 'number' ? seed : null;
}
