/**
 * Opens a card and puts it under `node:net`, as `inic run` and `node --import inic/register` do before the
 * program starts. Options that are not given come from the environment, so that they reach a program that
 * knows nothing of the card.
 *
 * A card in a thread of its own is opened at once, since its thread has to start. One in the program's thread
 * is opened when the first socket is to be on it: a program that has none pays for none.
 */
import { DATAGRAM_BYTES_MAX } from '../socket/contract.ts';
import { DEFAULT_STACK_CONFIG } from '../tcpip/config.ts';
import { ticker } from '../time/timers.ts';
import type { TraceRequest } from '../world/build/card-trace.ts';
import { bucketBytesFor } from '../world/config/datagram-room.ts';
import { type CardOverrides, DEFAULT_CARD_CONFIG } from '../world/config/settings.ts';
import type { Card, CardOptions } from '../world/open/card.ts';
import { type Placed, placeCard } from '../world/open/placement.ts';
import type { TapOptions } from '../world/open/tap.ts';
import { AddressWatch } from '../world/open/tap-address.ts';
import { TapWatch } from '../world/open/tap-watch.ts';
import { openFromScript } from './card-script.ts';
import { environmentIop, environmentOptions, environmentSockets, mayUseCard } from './environment.ts';
import { type InstallOptions, install, installLater } from './install.ts';
import { KernelNotices } from './kernel-notices.ts';
import { parseOffloadRule } from './offload-rule.ts';

/** How often it is looked whether the network has something to say of a TAP's address, and the TAP is there. */
const NETWORK_LOOK_MS = 500;

/** A card that is under the program, or will be when that needs it. */
export interface Underneath {
  readonly placed: Placed;
  /** Undefined while no socket has needed it. */
  readonly card: Card | undefined;
}

/** Everything that is told of an option before a card is opened for it. */
interface Wanted {
  readonly settings: InstallOptions;
  readonly overrides: CardOverrides;
  readonly placed: Placed;
  readonly tap: TapOptions | undefined;
}

/** @throws SyntaxError for a bad rule, RangeError for a bad number or word. */
function wanted(options: InstallOptions, { placement, tap, ...overrides }: CardOptions): Wanted {
  const settings = { ...environmentOptions(process.env), ...options };
  parseOffloadRule(settings.offload ?? 'all');
  // What a call or an option says is not asked of the environment, which may then say anything.
  const placed =
    tap !== undefined && placement === undefined
      ? { placement: 'thread' as const, why: 'a TAP wants a thread of its own' }
      : placement === undefined
        ? placeCard(environmentIop(process.env), 'INIC_IOP')
        : placeCard(placement);
  const socketsMax =
    overrides.driver?.socketsMax ??
    (tap !== undefined && process.env['INIC_SOCKETS'] === undefined
      ? DEFAULT_CARD_CONFIG.driver.socketsMax
      : environmentSockets(process.env, placed.placement));
  const driver = { acceptsFirst: true, ...overrides.driver, socketsMax };
  // A datagram takes one bucket, and `node:dgram` has no word for one that was cut. Pages that no datagram and
  // no stream fills are never touched.
  const pools = { receiveBucketBytes: bucketBytesFor(DATAGRAM_BYTES_MAX), ...overrides.pools };
  return { settings, overrides: { ...overrides, driver, pools }, placed, tap };
}

/**
 * Opens and installs a card, unless `mayUseCard` says that this program keeps to the kernel.
 * @param trace called before the card is opened; what it returns is told everything that passes the host's
 *   end.
 * @param options how the card differs from a default one, and where it runs; by default, as INIC_IOP says.
 * @returns the card, or undefined where none was opened.
 * @throws SyntaxError for a bad rule, RangeError for a bad number, Error if the card cannot be opened.
 */
export async function register(
  installing: InstallOptions = {},
  trace?: () => TraceRequest,
  options: CardOptions = {},
): Promise<Card | undefined> {
  return await openNow(wanted(installing, options), trace);
}

async function openNow(
  { settings, overrides, placed, tap }: Wanted,
  trace: (() => TraceRequest) | undefined,
): Promise<Card | undefined> {
  if (!mayUseCard()) return undefined;
  const { openPlacedCard } = await import('../world/open/card.ts');
  const card = await openPlacedCard(overrides, placed, trace?.(), tap);
  if (tap === undefined) {
    install(card, settings);
    return card;
  }
  const notices = new KernelNotices(tap.name);
  notices.watchDatagrams();
  install(card, { ...settings, onKernel: (...what) => notices.connection(...what) });
  const watch = new AddressWatch(card.stack.device, card.configuration.stack.address, tap.name);
  const interfaceWatch = tap.name.startsWith('/') ? undefined : new TapWatch(tap.name);
  ticker(NETWORK_LOOK_MS, () => {
    watch.look();
    interfaceWatch?.look();
  });
  return card;
}

/**
 * As `register`, but opens an inline card without a trace only when the program needs it. Where that fails,
 * one line on stderr says why, and the program's sockets are the kernel's.
 */
export async function registerForProgram(
  installing: InstallOptions = {},
  trace?: () => TraceRequest,
  options: CardOptions = {},
): Promise<Underneath | undefined> {
  const asked = wanted(installing, options);
  const { settings, overrides, placed } = asked;
  if (placed.placement === 'thread' || trace !== undefined || asked.tap !== undefined) {
    const card = await openNow(asked, trace);
    return card && { placed, card };
  }
  if (!mayUseCard()) return undefined;
  let card: Card | undefined;
  const open = (): Card | undefined => {
    try {
      card = openFromScript(overrides, placed);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      process.stderr.write(`inic: no card, and the kernel has all sockets: ${reason}\n`);
    }
    return card;
  };
  installLater(open, [overrides.stack?.address ?? DEFAULT_STACK_CONFIG.address], settings);
  return {
    placed,
    get card() {
      return card;
    },
  };
}
