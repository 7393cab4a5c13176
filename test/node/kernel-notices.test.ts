/** What of a program stays the kernel's although its card is on a network is said, once, and by name. */
import dgram from 'node:dgram';
import { expect, it } from 'vitest';
import { KernelNotices } from '../../src/node/kernel-notices.ts';
import { BY_THE_RULE, NOT_ITS_ADDRESS } from '../../src/node/routes.ts';

it('says once of each address why the card does not reach it, and nothing of what a rule leaves out', () => {
  const lines: string[] = [];
  const notices = new KernelNotices('inic0', (line) => lines.push(line));
  for (let i = 0; i < 3; i++) {
    notices.connection('fe80::1', 80, true, NOT_ITS_ADDRESS);
    notices.connection('192.0.2.1', 81, false, NOT_ITS_ADDRESS);
    notices.connection('192.0.2.2', 82, false, BY_THE_RULE);
  }
  expect(lines).toEqual([
    "inic: the connection to fe80::1 port 80 is the kernel's, not by inic0: the card has no IPv6\n",
    "inic: the connection to 192.0.2.1 port 81 is the kernel's, not by inic0: the card has no route there\n",
  ]);
  for (let i = 0; i < 100; i++) notices.connection(`192.0.2.${i}`, 80, false, NOT_ITS_ADDRESS);
  expect(lines.length).toBeLessThan(20);
});

it('says of a socket for datagrams over IPv6 that they are the kernel’s, and nothing of one over IPv4', () => {
  const lines: string[] = [];
  new KernelNotices('inic0', (line) => lines.push(line)).watchDatagrams();
  dgram.createSocket('udp4').close();
  expect(lines).toEqual([]);
  for (let i = 0; i < 2; i++) dgram.createSocket('udp6').close();
  expect(lines).toEqual([
    "inic: datagrams of udp6 sockets are the kernel's, not by inic0: the card has no IPv6\n",
  ]);
});
