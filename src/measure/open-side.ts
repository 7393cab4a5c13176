/**
 * Builds one side of a row: a stack, and the test that runs on it. This is the only place where the two sides
 * differ. The card's modules are imported only where a card is opened, so that the kernel's side does not
 * hold them in memory.
 */

import type { Reconciliation } from '../ledger/reconcile.ts';
import { coresApart, pinThread } from '../linux/affinity.ts';
import { KernelStack } from '../linux/kernel-stack.ts';
import { KOFFI_MISSING, loadLibc } from '../linux/libc.ts';
import { install, uninstall } from '../node/install.ts';
import { type Load, type Placement, type TestName, usesPostMessage } from '../record/row.ts';
import type { SocketStack } from '../socket/contract.ts';
import { type Clock, MachineClock } from '../time/clock.ts';
import { pause } from '../time/timers.ts';
import { FileSink } from '../trace/file-sink.ts';
import { DatagramRequestResponse, DatagramStream } from '../workloads/datagram-workload.ts';
import { HttpKeepAlive } from '../workloads/http.ts';
import { MessageRoundTrip, MessageStream, payloadsOf } from '../workloads/message.ts';
import { NetConnectRequestResponse } from '../workloads/net-crr.ts';
import { NetRequestResponse } from '../workloads/net-rr.ts';
import { NetStream } from '../workloads/net-stream.ts';
import { OwnWorkload } from '../workloads/own.ts';
import { PAIR_NAMES, PairWorkload } from '../workloads/pair-workload.ts';
import { Patience } from '../workloads/patience.ts';
import { PortRoundTrip, PortStream } from '../workloads/port.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Card, CardBooks, LedgerSnapshot } from '../world/open/card.ts';
import { messageCardSettings, socketCardSettings } from './card-settings.ts';
import type { SidePlan, SideTrace } from './side-protocol.ts';

/** What is asked of a card, whatever runs over it. */
export type SideBooks = Pick<
  CardBooks,
  'configuration' | 'ledger' | 'reconcile' | 'iopThreadId' | 'iopCpuNs' | 'iopHeapBytes'
>;

export interface OpenSide {
  readonly workload: Workload;
  /** The card's books; undefined where there is no card. */
  readonly books: SideBooks | undefined;
  /** What it has counted so far, where it counts; of a card, whose books tell, it is left out. */
  readonly ledger?: () => LedgerSnapshot;
  /**
   * Closes the workload, then the stack.
   * @returns whether the card's books balanced; undefined without a card.
   */
  close(): Promise<Reconciliation | undefined>;
  /** Why its trace is not whole once it is closed; empty where it is. */
  readonly traceFailure?: () => string;
}

/**
 * How often the books are checked before they are said not to balance. The event loop turns in between, so
 * that what is under way can arrive.
 */
const RECONCILE_ATTEMPTS = 4;
const SETTLE_MS = 20;

/**
 * Opens the side and binds each of its threads to a core. The program's thread of the kernel's side runs on
 * the same core as that of the card's side.
 */
export async function openSide(plan: SidePlan): Promise<OpenSide> {
  const side = await openUnpinned(plan);
  const cores = plan.pin === 'none' ? undefined : coresApart();
  if (cores === undefined || usesPostMessage(plan.side)) return side;
  pinThread(0, cores.program);
  const cardThread = side.books?.iopThreadId ?? 0;
  if (cardThread !== 0) pinThread(cardThread, cores.card);
  return side;
}

async function openUnpinned(plan: SidePlan): Promise<OpenSide> {
  const clock = new MachineClock();
  if (plan.api === 'message') {
    return usesPostMessage(plan.side) ? openPort(plan, clock) : await openMessage(plan, clock);
  }
  if (plan.side.stack === 'host') return await openOnHost(plan, clock);
  if (plan.side.stack === 'lan') return await openOnLan(plan, clock);
  return plan.side.stack === 'kernel' ? await openKernel(plan, clock) : await openOnCard(plan, clock);
}

function openPort(plan: SidePlan, clock: Clock): OpenSide {
  const encoding = plan.side.transport === 'msgpack' ? 'msgpack' : 'clone';
  const workload =
    plan.test === 'MSG_RR'
      ? new PortRoundTrip(clock, plan.load, encoding)
      : new PortStream(clock, plan.load, encoding);
  return withoutBooks(workload);
}

async function openMessage(plan: SidePlan, clock: Clock): Promise<OpenSide> {
  const trace = openTrace(plan.trace);
  const echo = await (await import('../world/open/card.ts')).openEcho(
    { ...messageCardSettings(plan), ...placementOf(plan) },
    trace,
    payloadsOf(plan.load),
  );
  const Message = plan.test === 'MSG_RR' ? MessageRoundTrip : MessageStream;
  const workload = new Message(echo, clock, plan.load);
  return {
    workload,
    books: echo,
    close: async () => {
      const reconciliation = echo.reconcile();
      await workload.close();
      trace?.sink.close();
      return reconciliation;
    },
    traceFailure: () => trace?.sink.reason ?? '',
  };
}

/** A side that does not say is a card in a thread of its own. */
function placementOf({ side }: SidePlan): { placement: Placement } {
  return { placement: side.placement ?? 'thread' };
}

async function openKernel(plan: SidePlan, clock: Clock): Promise<OpenSide> {
  if (plan.api === 'net') return withoutBooks(await openNet(plan, clock));
  const libc = loadLibc();
  if (libc === undefined) throw new Error(KOFFI_MISSING);
  return withoutBooks(openSocket(plan.test, new KernelStack(libc), clock, plan.load));
}

async function openOnHost(plan: SidePlan, clock: Clock): Promise<OpenSide> {
  const { openHostStack } = await import('../world/open/host-stack.ts');
  const host = openHostStack(socketCardSettings(plan));
  const workload = openSocket(plan.test, host.stack, clock, plan.load);
  const close = async (): Promise<Reconciliation> => {
    await workload.close();
    return settled(host, () => host.stack.wait(SETTLE_MS));
  };
  const ledger = (): LedgerSnapshot => ({ host: host.ledger.snapshot(), iop: {}, wire: {} });
  return { workload, books: undefined, ledger, close };
}

async function openOnLan(plan: SidePlan, clock: Clock): Promise<OpenSide> {
  const trace = openTrace(plan.trace);
  const { openLanCard } = await import('../world/open/lan-card.ts');
  const lan = await openLanCard({ ...socketCardSettings(plan), ...placementOf(plan) }, trace);
  const workload = openSocket(plan.test, lan.stack, clock, plan.load);
  const close = async (): Promise<Reconciliation> => {
    await workload.close();
    const reconciliation = await settled(lan, () => lan.stack.wait(SETTLE_MS));
    await lan.close();
    trace?.sink.close();
    return reconciliation;
  };
  return { workload, books: lan, close, traceFailure: () => trace?.sink.reason ?? '' };
}

async function openOnCard(plan: SidePlan, clock: Clock): Promise<OpenSide> {
  const trace = openTrace(plan.trace);
  const settings = socketCardSettings(plan);
  const card = await (await import('../world/open/card.ts')).openCard(
    { ...settings, ...placementOf(plan) },
    trace,
  );
  if (plan.api === 'net') install(card);
  // A pass tries every socket, so nobody has to be told when one that heard ENOBUFS may go on.
  const isPatient = settings.driver?.transmitDryPolicy === 'ENOBUFS';
  const sockets = isPatient ? new Patience(card.stack, clock).sockets : card.stack;
  const workload =
    plan.api === 'net' ? await openNet(plan, clock) : openSocket(plan.test, sockets, clock, plan.load);
  const close = async (): Promise<Reconciliation> => {
    const reconciliation = await closeCard(card, workload);
    trace?.sink.close();
    return reconciliation;
  };
  return { workload, books: card, close, traceFailure: () => trace?.sink.reason ?? '' };
}

function openTrace(trace: SideTrace | undefined): { sink: FileSink; product: string } | undefined {
  return trace && { ...trace, sink: new FileSink(trace.path) };
}

async function closeCard(card: Card, workload: Workload): Promise<Reconciliation> {
  await workload.close();
  uninstall();
  const reconciliation = await settled(card, () => pause(SETTLE_MS));
  await card.close();
  return reconciliation;
}

/** Lets what is under way arrive before it says that books do not balance. */
async function settled(books: Pick<CardBooks, 'reconcile'>, rest: () => unknown): Promise<Reconciliation> {
  let reconciliation: Reconciliation = { balanced: false, lines: [], rows: [] };
  for (let i = 0; i < RECONCILE_ATTEMPTS && !reconciliation.balanced; i++) {
    await rest();
    reconciliation = books.reconcile();
  }
  return reconciliation;
}

function withoutBooks(workload: Workload): OpenSide {
  const close = async (): Promise<undefined> => {
    await workload.close();
    return undefined;
  };
  return { workload, books: undefined, close };
}

function openSocket(test: TestName, stack: SocketStack, clock: Clock, load: Load): Workload {
  if (test === 'UDP_RR') return new DatagramRequestResponse(stack, clock, load);
  if (test === 'UDP_STREAM') return new DatagramStream(stack, clock, load);
  const name = PAIR_NAMES.find((candidate) => candidate === test);
  if (name === undefined) throw new Error(`${test} has no program of socket calls`);
  return new PairWorkload(name, stack, clock, load);
}

async function openNet({ test, load, workload }: SidePlan, clock: Clock): Promise<Workload> {
  switch (test) {
    case 'TCP_RR':
      return await NetRequestResponse.open(clock, load);
    case 'TCP_CRR':
      return await NetConnectRequestResponse.open(clock, load);
    case 'TCP_STREAM':
      return await NetStream.open(clock, load, 'client');
    case 'TCP_MAERTS':
      return await NetStream.open(clock, load, 'server');
    case 'HTTP':
      return await HttpKeepAlive.open(clock, load);
    case 'WORKLOAD':
      return await OwnWorkload.open(clock, load, workload ?? '');
    default:
      throw new Error(`${test} has no program of node:net`);
  }
}
