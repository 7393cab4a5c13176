/** The offload devices of a host that runs TCP/IP itself as well: what they got of it, and what not. */
import type { OffloadDevice } from '../host/devices/registry.ts';
import type { MixedHost } from '../world/virtual/mixed-host.ts';
import type { Fact } from './described.ts';

/** What the registry of a card's host has of that card. @param card index of it. */
export function deviceFactsOf({ place, devices, offloading }: MixedHost, card: number): Fact[] {
  const hardware = devices[place.cards.indexOf(card)];
  const { registry, homeless } = offloading;
  return registry.devices.flatMap((device): Fact[] =>
    device.hardware === hardware ? factsOf(device, homeless) : [],
  );
}

function factsOf(device: OffloadDevice, homeless: number): Fact[] {
  const { name, hardware, sockets, active } = device;
  const { listeners, halfOpen, connections } = hardware.limits;
  const refused = Object.entries(device.refusals).filter(([, times]) => times > 0);
  return [
    ['name', `${name}, ${active ? 'active' : 'inactive'}`],
    ['limits', `listeners ${listeners}, half-open ${halfOpen}, connections ${connections}`],
    ['holds', `listeners ${device.attachedListeners}, connections ${sockets?.connections() ?? 0}`],
    ['got', `${device.offeredActive} that the host opened, ${device.offeredPassive} that peers opened`],
    ['handed over, taken back', `${device.handedOver}, ${device.takenBack}`],
    [
      'refused',
      refused.length === 0 ? 'none' : refused.map(([why, times]) => `${times} (${why})`).join(', '),
    ],
    ...(homeless === 0 ? [] : [['its host found no device for', String(homeless)] as const]),
    ['link went down, came back', `${device.linkDowns}, ${device.linkUps}`],
  ];
}
