/** Plans of one point each, of every kind of world that an operation's way leads through. */

import { readPlan, type SweepPlan } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';

export interface Form {
  readonly workload?: string;
  readonly connections?: number;
  readonly size?: number;
  readonly costs?: string;
  readonly vary?: string;
  readonly seed?: number;
  readonly link?: string;
  readonly operations?: number;
  /** Both cards share their hosts' processors. */
  readonly inline?: boolean;
}

/** Two hosts and a link. */
export function pairPlan(form: Form = {}): SweepPlan {
  const { workload = 'TCP_RR', connections = 4, size = 128, costs = 'card-2005', operations = 60 } = form;
  const { vary, seed = 1, link, inline = false } = form;
  const varied = [...(vary === undefined ? [] : [vary]), ...(inline ? ['runs=inline'] : [])];
  const seeds = String(seed);
  return planOf({ workload, connections, size, costs, operations, vary: varied, seeds, link }, true);
}

/** Two hosts that call a third over a switch. */
export function starPlan(workload: string): SweepPlan {
  const host = { processor: {} };
  const card = (name: string, last: number): object => ({
    host: name,
    ports: { eth0: { address: `10.0.0.${last}/24` } },
  });
  const link = (name: string): object => ({
    ends: [`${name}.eth0`, 'middle'],
    rate: '10Gbit/s',
    delay: '5us',
  });
  return readPlan({
    title: 'over a switch',
    world: {
      hosts: { one: host, two: host, sink: host },
      cards: { a: card('one', 1), b: card('two', 2), c: card('sink', 3) },
      switches: { middle: {} },
      links: { first: link('a'), second: link('b'), third: link('c') },
    },
    workload: { workload, connections: 3, size: 512 },
    costs: 'card-2025',
    vary: { 'workload.size': [512] },
    operations: 150,
  });
}

export const FORMS: readonly Form[] = [
  {},
  { connections: 1, costs: 'none', link: '1G,100us' },
  { connections: 32, vary: 'pools.transmitBuffers=4' },
  { connections: 32, vary: 'pools.transmitBuffers=2', size: 2048 },
  { connections: 24, vary: 'driver.transmitDryPolicy=block', size: 2048 },
  { connections: 8, vary: 'pools.receiveBuckets=8', size: 2048 },
  { size: 30_000, vary: 'link.lossProbability=0.03' },
  { vary: 'link.jitter=40us' },
  { vary: 'link.reorderProbability=0.1', size: 9000 },
  { vary: 'link.duplicateProbability=0.1' },
  { vary: 'transport=fifo' },
  { connections: 8, vary: 'moderation.rxUsecs=20' },
  { vary: 'workload.arrivals=60k/s' },
  { vary: 'workload.think=100us' },
  { vary: 'workload.service=5us' },
  { vary: 'driver.batchSends=true', connections: 8 },
  { vary: 'tcpSegmentationOffload=false', size: 9000 },
  { workload: 'TCP_CRR' },
  { workload: 'TCP_CRR', vary: 'link.lossProbability=0.03' },
  { workload: 'TCP_STREAM', connections: 2, size: 16_384 },
  { workload: 'TCP_STREAM', connections: 2, size: 16_384, vary: 'pools.transmitBuffers=4' },
  { workload: 'TCP_STREAM', connections: 1, size: 3000, vary: 'link.lossProbability=0.01' },
  { workload: 'HTTP', connections: 8, size: 6000, vary: 'pools.transmitBuffers=1' },
  { workload: 'TCP_STREAM', connections: 1, size: 1 },
  { workload: 'TCP_STREAM', connections: 5, size: 97, vary: 'driver.batchSends=true' },
  { workload: 'TCP_MAERTS', connections: 2, size: 1448 },
];

/** A world of cards that share processors, each in a way of its own. */
function sharedPlan(title: string, world: object, size = 512): SweepPlan {
  return readPlan({
    title,
    world,
    costs: 'card-2005',
    vary: { 'workload.size': [size] },
    operations: 100,
  });
}

const cardOf = (host: string, runs: string, address: string, more: object = {}): object => ({
  host,
  runs,
  ports: { eth0: { address } },
  ...more,
});

const rr = (host: string, card: string, more: object): object => ({
  workload: 'TCP_RR',
  host,
  card,
  ...more,
});

const callOver = (client: object, server: object): object => ({
  answers: rr('both', 'b', { role: 'server', connections: 4, ...server }),
  asks: rr('both', 'a', { role: 'client', connections: 4, server: 'answers', ...client }),
});

/** Two cards of one host, both on its processor. */
const bothInline = (link: object): object => ({
  hosts: { both: {} },
  cards: { a: cardOf('both', 'inline', '10.0.0.1/24'), b: cardOf('both', 'inline', '10.0.0.2/24') },
  links: { wire: { ends: ['a.eth0', 'b.eth0'], ...link } },
  programs: callOver({}, {}),
});

const SHARED: readonly SweepPlan[] = [
  sharedPlan('one side inline', {
    hosts: { left: {}, right: {} },
    cards: { a: cardOf('left', 'inline', '10.0.0.1/24'), b: cardOf('right', 'thread', '10.0.0.2/24') },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '3us' } },
    programs: callOver({ host: 'left' }, { host: 'right' }),
  }),
  sharedPlan('two inline cards of a host, a link that takes time', bothInline({ rate: '1Gbit/s' })),
  sharedPlan('two inline cards of a host, a link that takes none', bothInline({})),
  sharedPlan('one inline card, looped back', {
    hosts: { both: {} },
    cards: { a: cardOf('both', 'inline', '10.0.0.1/24') },
    programs: callOver({}, { card: 'a' }),
  }),
  sharedPlan('two cards of a host, of which one is inline', {
    hosts: { left: {}, right: {} },
    cards: {
      a: cardOf('left', 'thread', '10.0.0.1/24'),
      near: cardOf('left', 'inline', '10.0.1.1/24'),
      b: cardOf('right', 'inline', '10.0.0.2/24'),
      far: cardOf('right', 'thread', '10.0.1.2/24'),
    },
    links: {
      wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '3us' },
      other: { ends: ['near.eth0', 'far.eth0'], rate: '10Gbit/s', delay: '3us' },
    },
    programs: {
      ...callOver({ host: 'left' }, { host: 'right' }),
      answersToo: rr('right', 'far', { role: 'server', connections: 3 }),
      asksToo: rr('left', 'near', { role: 'client', connections: 3, server: 'answersToo' }),
    },
  }),
];

/** Every world whose operations are looked at, each with a seed of its own. */
export const WORLDS: readonly { readonly name: string; readonly plan: SweepPlan }[] = [
  ...[false, true].flatMap((inline) =>
    FORMS.map((form, seed) => ({
      name: `${JSON.stringify(form)}${inline ? ', inline' : ''}`,
      plan: pairPlan({ ...form, seed, inline }),
    })),
  ),
  ...SHARED.map((plan) => ({ name: plan.title, plan })),
];
