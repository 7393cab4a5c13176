/**
 * Puts a card under `node:net` and everything that is built on it, and takes it away again. `register.ts`
 * does so for a whole program; a benchmark does it around the part that is to run on the card. Handles that
 * are made while a card is installed stay on it; those made before or after are the kernel's. The kernel's
 * stack stays beside the card: a listener on the card is heard there as well.
 */
import cluster from 'node:cluster';
import { hidePumps } from './active-resources.ts';
import { nativeBindings, type TcpHandle } from './bindings.ts';
import type { NodeCard } from './card.ts';
import type { Channel } from './channel.ts';
import { sweepBuffersHere, sweepBuffersInBackground } from './collector.ts';
import { installDatagrams } from './datagrams.ts';
import { installHandOver } from './hand-over.ts';
import { installHttpParser } from './http-parser.ts';
import { installHttp2Bridge } from './http2-bridge.ts';
import { cardMethods } from './methods.ts';
import { parseOffloadRule } from './offload-rule.ts';
import { type Seam, takeOver } from './opening.ts';
import type { Policy } from './policy.ts';
import { Pump } from './pump.ts';
import { DEFAULT_PUMP, POLLED_PUMP, type PumpOptions } from './pump-options.ts';
import { Routes } from './routes.ts';
import { type BridgedTls, installTlsBridge } from './tls-bridge.ts';

export interface InstallOptions extends Partial<PumpOptions> {
  /** Which sockets go to the card, in the language of `offload-rule.ts`; by default `all`. */
  readonly offload?: string;
  /** Told of each connection that is left to the kernel; absent: it is only counted. */
  readonly onKernel?: Policy['onKernel'];
}

interface Installed {
  readonly seam: Seam;
  readonly pumps: Map<NodeCard, Pump>;
  readonly restore: () => void;
}

let installed: Installed | undefined;

/** Which way this process's connections have gone, over all the cards it had. */
export const routes = new Routes();

/**
 * From now on it is decided by the rule whether a new socket lives on this card. If another card is
 * installed, this one replaces it, but the other card's sockets stay there.
 * @throws SyntaxError for a bad rule, Error if this Node does not have the bindings that are needed.
 */
export function install(card: { readonly node: NodeCard }, options: InstallOptions = {}): void {
  installLater(() => card, card.node.addresses, options, card.node.reaches);
  installed?.seam.policy?.open();
}

/**
 * As `install`, of a card that is opened when the first socket is to be on it.
 * @param open called once, within a call of the program's; undefined where there can be no card, after which
 *   all is the kernel's.
 * @param addresses the card's own. @param reaches whether another address is reached by its wire.
 */
export function installLater(
  open: () => { readonly node: NodeCard } | undefined,
  addresses: readonly number[],
  options: InstallOptions = {},
  reaches: (destination: number) => boolean = () => false,
): void {
  const rule = parseOffloadRule(options.offload ?? 'all');
  installed ??= hook();
  const { seam, pumps } = installed;
  let asked = false;
  const policy: Policy = {
    pump: undefined,
    rule,
    routes,
    addresses,
    reaches,
    onKernel: options.onKernel,
    mayListen: () => !isClusterPrimary(),
    open() {
      if (asked) return policy.pump;
      asked = true;
      const card = open();
      policy.pump = card && pumpOf(card.node, seam, pumps, options);
      return policy.pump;
    },
  };
  seam.policy = policy;
}

function pumpOf(card: NodeCard, seam: Seam, pumps: Map<NodeCard, Pump>, options: InstallOptions): Pump {
  const defaults = card.polled ? POLLED_PUMP : DEFAULT_PUMP;
  const pump = pumps.get(card) ?? new Pump(card, { ...defaults, ...options }, routes);
  pump.connectInKernel = (channel, request, status) => takeOver(seam, channel as Channel, request, status);
  pumps.set(card, pump);
  pump.onEmpty = undefined;
  return pump;
}

/**
 * From now on new sockets are the kernel's. Node's own methods return when the last card socket is closed.
 */
export function uninstall(): void {
  if (installed === undefined) return;
  installed.seam.policy = undefined;
  unhookIfIdle();
  if (installed === undefined) return;
  for (const pump of installed.pumps.values()) pump.onEmpty = unhookIfIdle;
}

/** Whether new sockets may now live on a card. */
export function isInstalled(): boolean {
  return installed?.seam.policy !== undefined;
}

function unhookIfIdle(): void {
  if (installed === undefined || installed.seam.policy !== undefined) return;
  for (const pump of installed.pumps.values()) if (pump.live > 0) return;
  installed.restore();
  installed = undefined;
}

function hook(): Installed {
  const native = nativeBindings();
  const prototype = native.TCP.prototype;
  const before = Object.getOwnPropertyDescriptors(prototype);
  const original = Object.create(Object.getPrototypeOf(prototype), before) as TcpHandle;
  const bridged: BridgedTls = new WeakMap();
  const http2 = installHttp2Bridge(native, bridged);
  const consumed = (handle: object) => http2.prepare(handle);
  const seam: Seam = { policy: undefined, consumed, original, native };
  const methods = cardMethods(seam);
  Object.defineProperties(prototype, methods);
  const removeTls = installTlsBridge(seam, native, bridged);
  const removeHandOver = installHandOver(seam);
  const removeDatagrams = installDatagrams(native, () => seam.policy);
  const removeHttp = installHttpParser(seam, bridged);
  const pumps = new Map<NodeCard, Pump>();
  const showPumps = hidePumps(() => [...pumps.values()]);
  sweepBuffersHere();
  const restore = () => {
    showPumps();
    removeTls();
    removeHandOver();
    removeHttp();
    removeDatagrams();
    http2.remove();
    sweepBuffersInBackground();
    for (const name of Object.keys(methods)) {
      const descriptor = (before as PropertyDescriptorMap)[name];
      if (descriptor === undefined) delete (prototype as unknown as Record<string, unknown>)[name];
      else Object.defineProperty(prototype, name, descriptor);
    }
  };
  return { seam, pumps, restore };
}

/**
 * A cluster's primary that has workers passes its listeners and connections to other processes. Only sockets
 * of the kernel can be passed.
 */
function isClusterPrimary(): boolean {
  return cluster.isPrimary && cluster.workers !== undefined && Object.keys(cluster.workers).length > 0;
}
