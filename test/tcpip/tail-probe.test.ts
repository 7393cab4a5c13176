/** When the last of what was sent is probed for, and the routes that say so. */
import { expect, it } from 'vitest';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/config.ts';
import { Routes } from '../../src/tcpip/route.ts';
import { tailProbeDelayUs } from '../../src/tcpip/tcp/tail-probe.ts';
import { trips } from '../rules/trips.ts';
import { established } from './tcp-assertion-bed.ts';

const FAR = 0xc0a80101 | 0;

it('a route may say the least retransmission time-out, and others have the configuration’s', () => {
  const routes = new Routes(DEFAULT_STACK_CONFIG);
  routes.add(FAR & 0xffff0000, 16, 0x0a000002, 0, { rto_min: 40 });
  expect([routes.rtoMinUs(FAR, 200_000), routes.rtoMinUs(0x0a000002, 200_000)]).toEqual([40_000, 200_000]);
});

trips('routes: a least time-out is no negative time', () => {
  const routes = new Routes(DEFAULT_STACK_CONFIG);
  routes.metricOf = () => -1;
  routes.rtoMinUs(FAR, 0);
});
trips('tail probe: what is outstanding ends with a segment', () => {
  const { tcp, tcb } = established();
  tcb.sackPermitted = 1;
  tcb.rtt.srtt = 8;
  tcb.sent.head = 0;
  tcb.sent.tail = -1;
  tailProbeDelayUs(tcp.environment, tcp.routes, tcp.sent, tcb, true);
});
