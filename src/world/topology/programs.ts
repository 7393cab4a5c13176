/** Reads which programs run where. */
import { type Pace, SPREADS } from '../../workloads/pacing.ts';
import { ROLES, WORKLOAD_NAMES, type WorkloadName } from '../../workloads/programs.ts';
import { shown } from '../config/complaint.ts';
import { type CardTopology, EVENT_LOOPS, type HostTopology, type ProgramTopology } from './checked.ts';
import { Fields } from './fields.ts';
import { durationNs, eventsPerSecond, ipv4Address } from './quantities.ts';

const KEYS = [
  'workload',
  'role',
  'host',
  'card',
  'address',
  'port',
  'server',
  'connections',
  'size',
  'operations',
  'think',
  'arrivals',
  'service',
  'spread',
  'eventLoop',
];
const PACE_KEYS = ['think', 'arrivals', 'service', 'spread'];
/** What only the other role has. */
const KEYS_OF_OTHER = {
  client: ['address', 'port', 'service'],
  server: ['server', 'operations', 'think', 'arrivals'],
} as const;
const CONNECTIONS_MAX = 65536;
const SIZE_MAX = 1 << 20;
/** The echo protocol's port (RFC 862), where nothing else is said. */
const PORT = 7;
/** A server listens at all of its card's addresses. */
const ANY_ADDRESS = 0;

/** A program of a file, and the server it names. */
interface Draft extends ProgramTopology {
  readonly path: string;
  readonly server: unknown;
}

export function readPrograms(
  world: Fields,
  hosts: readonly HostTopology[],
  cards: readonly CardTopology[],
): ProgramTopology[] {
  const drafts = world.named('programs').map(({ name, value, path }): Draft => {
    const fields = new Fields(value, path, KEYS);
    const role = fields.choice('role', ROLES);
    if (role === 'client' && !fields.has('server')) {
      throw fields.refusal('server', 'the program that serves it');
    }
    for (const key of KEYS_OF_OTHER[role]) {
      if (fields.has(key)) throw new RangeError(`"${fields.at(key)}" is not known of a ${role}`);
    }
    const workload = fields.choice('workload', WORKLOAD_NAMES);
    const { host, card } = placeOf(fields, hosts, cards);
    return {
      name,
      path,
      workload,
      role,
      host,
      card,
      server: fields.get('server'),
      address: fields.has('address') ? ownAddress(fields, cards[card]) : ANY_ADDRESS,
      port: fields.whole('port', 1, 65535, PORT),
      connections: fields.whole('connections', 1, CONNECTIONS_MAX, 1),
      sizeBytes: fields.whole('size', 1, SIZE_MAX, 64),
      pace: readPace(fields, workload),
      eventLoop: fields.choice('eventLoop', EVENT_LOOPS, 'readiness'),
      operations: fields.has('operations')
        ? fields.whole('operations', 1, Number.MAX_SAFE_INTEGER)
        : Number.POSITIVE_INFINITY,
    };
  });
  checkPorts(drafts);
  checkSockets(drafts, cards);
  return drafts.map((draft) => {
    const { path: _path, server: _server, ...program } = draft;
    return program.role === 'server' ? program : { ...program, ...serverOf(draft, drafts, cards) };
  });
}

/** How a program is paced. A stream knows no requests that could be. */
function readPace(fields: Fields, workload: WorkloadName): Pace {
  const paced = PACE_KEYS.find((key) => fields.has(key));
  if (paced !== undefined && workload === 'TCP_STREAM') {
    throw new RangeError(`"${fields.at(paced)}" is not known of TCP_STREAM`);
  }
  if (fields.has('think') && fields.has('arrivals')) {
    throw new RangeError(
      `"${fields.at('think')}" is of a client that waits for its answers, "arrivals" of one that does not`,
    );
  }
  const perSecond = fields.has('arrivals') ? eventsPerSecond(fields, 'arrivals') : 0;
  return {
    thinkNs: durationNs(fields, 'think', 0),
    arrivalNs: perSecond === 0 ? 0 : 1e9 / perSecond,
    serviceNs: durationNs(fields, 'service', 0),
    spread: fields.choice('spread', SPREADS, 'constant'),
  };
}

/** The host a program runs on, and its card: the host's only one where none is named. */
function placeOf(
  fields: Fields,
  hosts: readonly HostTopology[],
  cards: readonly CardTopology[],
): { host: number; card: number } {
  const host = hosts.findIndex(({ name }) => name === fields.get('host'));
  if (host < 0)
    throw fields.refusal('host', `a host of "hosts" (${hosts.map(({ name }) => name).join(', ')})`);
  const own = cards.filter((card) => card.host === host).map(({ name }) => name);
  const wanted = fields.get('card') ?? (own.length === 1 ? own[0] : undefined);
  const card = cards.findIndex(({ name }) => name === wanted);
  if (card < 0 || !own.includes(cards[card].name)) {
    throw fields.refusal('card', `a card of the host "${hosts[host].name}" (${own.join(', ')})`);
  }
  return { host, card };
}

/** The address a server listens at: one of its card's. */
function ownAddress(fields: Fields, card: CardTopology): number {
  const address = ipv4Address(fields, 'address');
  if (!addressesOf(card).includes(address))
    throw fields.refusal('address', `an address of the card "${card.name}"`);
  return address;
}

/**
 * Where a client connects to: the address of its server's card that shares a subnet with the client's, else
 * the first.
 */
function serverOf(
  client: Draft,
  drafts: readonly Draft[],
  cards: readonly CardTopology[],
): Pick<ProgramTopology, 'address' | 'port'> {
  const server = drafts.find(({ name }) => name === client.server);
  if (server === undefined || server.role !== 'server') {
    throw new RangeError(`"${client.path}.server" names no server of "programs": ${shown(client.server)}`);
  }
  if (server.workload !== client.workload || server.sizeBytes !== client.sizeBytes) {
    throw new RangeError(
      `"${client.path}.server": "${server.name}" runs ${server.workload} of ${server.sizeBytes} bytes, not ` +
        `${client.workload} of ${client.sizeBytes}`,
    );
  }
  if (server.address !== ANY_ADDRESS) return { address: server.address, port: server.port };
  const own = addressesOf(cards[client.card]);
  const theirs = addressesOf(cards[server.card]);
  const near = theirs.find((address) => own.some((mine) => sameSubnet(cards[client.card], mine, address)));
  return { address: near ?? theirs[0], port: server.port };
}

function addressesOf({ config }: CardTopology): number[] {
  return [config.stack.address, ...config.furtherPorts.map(({ address }) => address)];
}

function sameSubnet({ config }: CardTopology, own: number, other: number): boolean {
  const further = config.furtherPorts.find(({ address }) => address === own);
  const { prefixLength } = further ?? config.stack;
  const mask = prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
  return ((own ^ other) & mask) === 0;
}

/**
 * Holds the sockets that a card's programs are sure to open, one for each listener and one for each
 * connection of a client, against those the card has. A server's own connections are not counted: fewer may
 * come than it has places.
 * @throws RangeError that names the first program for which none are left.
 */
function checkSockets(drafts: readonly Draft[], cards: readonly CardTopology[]): void {
  const opened = cards.map(() => 0);
  for (const { path, card, role, connections } of drafts) {
    opened[card] += role === 'server' ? 1 : connections;
    const { name, config } = cards[card];
    const { socketsMax } = config.driver;
    if (opened[card] <= socketsMax) continue;
    throw new RangeError(
      `"${path}.connections": the programs on the card "${name}" open ${opened[card]} sockets, and it has ` +
        `"driver.socketsMax" ${socketsMax}`,
    );
  }
}

/** @throws RangeError when two servers of one card have one port. */
function checkPorts(drafts: readonly Draft[]): void {
  const servers = drafts.filter(({ role }) => role === 'server');
  servers.forEach((server, i) => {
    const other = servers.slice(0, i).find(({ card, port }) => card === server.card && port === server.port);
    if (other !== undefined) {
      throw new RangeError(
        `"${server.path}.port": ${server.port} is the port of "${other.name}" on this card`,
      );
    }
  });
}
