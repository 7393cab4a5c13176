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
}

/** Two hosts and a link. */
export function pairPlan(form: Form = {}): SweepPlan {
  const { workload = 'TCP_RR', connections = 4, size = 128, costs = 'card-2005', operations = 60 } = form;
  const { vary = `workload.connections=${connections}`, seed = 1, link } = form;
  return planOf({
    workload,
    connections,
    size,
    costs,
    operations,
    vary: [vary],
    seeds: String(seed),
    link,
  });
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
];
