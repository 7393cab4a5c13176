/** Whether the programs of a world can reach each other, as far as its description alone tells. */
import { portsOfNics } from '../config/port-nics.ts';
import type { CardTopology, LinkEnd, ProgramTopology, Topology } from './checked.ts';

interface Port {
  readonly address: number;
  readonly prefixLength: number;
  readonly mtu: number;
}

/** A TCP sends segments of 48 bytes at least whatever its peer asks for: with both headers this many. */
const MTU_OF_ANY_PEER = 88;

/** Every address a card has, its first port's first. */
export function portsOf({ config }: CardTopology): readonly Port[] {
  const { address, prefixLength } = config.stack;
  return [{ address, prefixLength, mtu: config.mtu }, ...config.furtherPorts];
}

/** The card that has the address a client connects to; -1 for none. */
export function serverCard({ cards }: Topology, { address }: ProgramTopology): number {
  return cards.findIndex((card) => portsOf(card).some((port) => port.address === address));
}

/** @throws RangeError that names the first client that no way leads from to its server. */
export function checkReach(topology: Topology): void {
  const wired = new Wired(topology);
  for (const program of topology.programs) {
    if (program.role === 'client') checkClient(topology, program, wired);
  }
}

function checkClient(topology: Topology, client: ProgramTopology, wired: Wired): void {
  const { cards } = topology;
  const server = serverCard(topology, client);
  if (server === client.card || server < 0) return;
  const path = `"programs.${client.name}.server"`;
  const [from, to] = [cards[client.card], cards[server]];
  const { gateway } = from.config.stack;
  const ways = portsOf(from).flatMap((port, i) =>
    isNear(port, client.address) || (gateway !== 0 && isNear(port, gateway)) ? [{ port, i }] : [],
  );
  if (ways.length === 0) {
    throw new RangeError(
      `${path}: the card "${from.name}" has no port on a subnet of the card "${to.name}", and no "gateway"`,
    );
  }
  const pairs = ways.flatMap((way) =>
    portsOf(to).flatMap((port, i) =>
      anyJoined(wired, { card: client.card, port: way.i }, { card: server, port: i }, cards)
        ? [[way.port, port]]
        : [],
    ),
  );
  if (pairs.length === 0) {
    throw new RangeError(
      `${path}: no link that carries frames leads from the card "${from.name}" to the card "${to.name}"`,
    );
  }
  const agree = pairs.some(([{ mtu: own }, { mtu }]) => own === mtu || Math.min(own, mtu) >= MTU_OF_ANY_PEER);
  if (agree) return;
  const [[{ mtu: own }, { mtu }]] = pairs;
  throw new RangeError(
    `${path}: the ports of "${from.name}" and "${to.name}" have an "mtu" of ${own} and ${mtu}: expected ` +
      `${MTU_OF_ANY_PEER} or more of both, or the same`,
  );
}

/** Whether one of the devices behind a port is joined to one behind another. */
function anyJoined(
  wired: Wired,
  a: { readonly card: number; readonly port: number },
  b: { readonly card: number; readonly port: number },
  cards: readonly CardTopology[],
): boolean {
  const ends = ({ card, port }: { readonly card: number; readonly port: number }): LinkEnd[] =>
    portsOfNics(cards[card].config).flatMap((of, nic) => (of === port ? [{ card, port: nic }] : []));
  return ends(a).some((one) => ends(b).some((other) => wired.joined(one, other)));
}

function isNear({ address, prefixLength }: Port, other: number): boolean {
  const mask = prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
  return ((address ^ other) & mask) === 0;
}

/** Which ends of links are joined, by switches and by links that do not lose every frame. */
class Wired {
  private readonly parents = new Map<string, string>();

  constructor({ links }: Topology) {
    for (const { ends, pipe } of links) {
      if (pipe.lossProbability < 1) this.parents.set(this.root(keyOf(ends[0])), this.root(keyOf(ends[1])));
    }
  }

  joined(a: LinkEnd, b: LinkEnd): boolean {
    return this.root(keyOf(a)) === this.root(keyOf(b));
  }

  private root(key: string): string {
    let at = key;
    for (let next = this.parents.get(at); next !== undefined && next !== at; next = this.parents.get(at))
      at = next;
    return at;
  }
}

/** All links of a switch are joined. */
function keyOf(end: LinkEnd): string {
  return 'card' in end ? `card ${end.card}.${end.port}` : `switch ${end.switch}`;
}
