/** Several ports as one device: each has its turn and its client, and the earliest deadline counts. */
import { expect, it } from 'vitest';
import { PortGroup } from '../../src/hdm/port-group.ts';
import type { LinkClient } from '../../src/tcpip/contract.ts';
import { trips } from '../rules/trips.ts';

function port(frames: number, dueNs: number) {
  const clients: LinkClient[] = [];
  return {
    clients,
    mtu: 1500,
    macHigh: 0x0269,
    macLow: 1,
    transmitChecksum: true,
    linkUp: true,
    segmentBytesMax: 0,
    piecesMax: 1,
    claim: () => -1,
    addPiece: () => {},
    send: () => {},
    attach: (client: LinkClient) => void clients.push(client),
    poll: () => frames,
    nextDeadlineNs: () => dueNs,
  };
}

it('polls every port, and is due when the first of them is', () => {
  const group = new PortGroup([port(1, 300), port(2, 100), port(0, 200)]);
  expect(group.poll()).toBe(3);
  expect(group.nextDeadlineNs()).toBe(100);
});

it('gives each port the client of its number', () => {
  const ports = [port(0, 0), port(0, 0)];
  const clients = [0, 1].map(() => ({ input: () => false }));
  new PortGroup(ports).attach((number) => clients[number]);
  expect(ports.map((entry) => entry.clients[0])).toEqual(clients);
});

trips('port group: a card has at least one port', () => new PortGroup([]));
