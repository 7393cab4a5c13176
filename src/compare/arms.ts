/** The systems that are compared: who runs TCP/IP, and what the device beside it does. */

export interface Arm {
  readonly name: string;
  /** In words, for a table's legend. */
  readonly what: string;
  /** Whether the host runs TCP/IP itself, over a plain device; else the card does. */
  readonly onHost: boolean;
  /** Of a host: whether its TCP window lies in the card's memory, which it reaches in messages. */
  readonly window?: boolean;
  /** Of a host: whether it reaches its device in messages of the LAN class. */
  readonly lan?: boolean;
  /** Of a card: whether its host has a stack too, and a policy decides by connection who carries it. */
  readonly mixed?: boolean;
  /** Whether there are worlds that other systems run on and this one does not. */
  readonly demanding?: boolean;
  /** Settings of every card, laid over those of the world. */
  readonly card: Readonly<Record<string, unknown>>;
}

/**
 * What a host's device has where the world does not say otherwise. What a host has received and no program
 * has read lies in packets of host memory, of which there are more than a card has.
 */
const OF_HOSTS = { packetSlots: 4096 };

export const ARMS: readonly Arm[] = [
  {
    name: 'host',
    what: 'the stack on the host, over a plain device without offloads',
    onHost: true,
    card: { checksumOffload: false, tcpSegmentationOffload: false },
  },
  {
    name: 'host+checksum',
    what: 'the same, the device making checksums',
    onHost: true,
    card: { checksumOffload: true, tcpSegmentationOffload: false },
  },
  {
    name: 'host+GSO',
    what: 'the same, the stack crossed once for many segments, which the driver cuts before the device',
    onHost: true,
    card: { checksumOffload: true, tcpSegmentationOffload: false, genericSegmentationOffload: true },
  },
  {
    name: 'host+TSO',
    what: 'the same, the device cutting them',
    onHost: true,
    card: { checksumOffload: true, tcpSegmentationOffload: true },
  },
  {
    name: 'host+GRO',
    what: 'the same, the driver putting together what has come before the stack is crossed',
    onHost: true,
    card: { checksumOffload: true, tcpSegmentationOffload: true, genericReceiveOffload: true },
  },
  {
    name: 'lan',
    what: 'the stack on the host, over the device of host+checksum, reached by I2O messages (LAN class)',
    onHost: true,
    lan: true,
    demanding: true,
    card: { checksumOffload: true, tcpSegmentationOffload: false },
  },
  {
    name: 'window',
    what: "TCP's state on the host, its window on the card, reached by I2O messages (window class)",
    onHost: true,
    window: true,
    demanding: true,
    card: { checksumOffload: true, tcpSegmentationOffload: true },
  },
  {
    name: 'mixed',
    what: "a policy decides by connection: the host's stack over the device of host+TSO, or the card's",
    onHost: false,
    mixed: true,
    demanding: true,
    card: {},
  },
  { name: 'inic', what: 'the whole stack on the card, with a processor of its own', onHost: false, card: {} },
];

/** A world in which every card has the settings of an arm. */
export function worldOf(description: object, { card, onHost }: Arm): object {
  const { cards } = description as { cards?: unknown };
  if (typeof cards !== 'object' || cards === null) return description;
  const under = onHost ? OF_HOSTS : {};
  const set = Object.entries(cards).map(([name, own]) => [name, { ...under, ...(own as object), ...card }]);
  return { ...description, cards: Object.fromEntries(set) };
}
