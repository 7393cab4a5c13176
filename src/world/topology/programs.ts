/** Reads which programs run where. */

import { DATAGRAM_BYTES_MAX } from '../../socket/contract.ts';
import { BODY_BYTES_MAX, REQUEST_BYTES_MAX, REQUEST_BYTES_MIN } from '../../workloads/http-message.ts';
import { type Pace, SPREADS } from '../../workloads/pacing.ts';
import { type HttpShape, SIZE_SPREADS } from '../../workloads/program.ts';
import { ROLES, WORKLOAD_NAMES, WORKLOADS, type WorkloadKey } from '../../workloads/programs.ts';
import { shown } from '../config/complaint.ts';
import { type CardTopology, EVENT_LOOPS, type HostTopology, type ProgramTopology } from './checked.ts';
import { checkDatagrams } from './datagram-room.ts';
import { Fields } from './fields.ts';
import { durationNs, eventsPerSecond, ipv4Address, messageBytes } from './quantities.ts';

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
  'eventLoop',
];
/** What only some workloads have. */
const WORKLOAD_KEYS: readonly WorkloadKey[] = [
  ...new Set(WORKLOAD_NAMES.flatMap((name): readonly WorkloadKey[] => WORKLOADS[name].keys)),
];
/** All that a program says of its workload, its place or its peer. */
export const PROGRAM_KEYS: readonly string[] = [...KEYS, ...WORKLOAD_KEYS];
/** What only the other role has. */
const KEYS_OF_OTHER = {
  client: ['address', 'port', 'service'],
  server: ['server', 'operations', 'think', 'arrivals', 'timeout'],
} as const;
const CONNECTIONS_MAX = 65536;
const SIZE_MAX = BODY_BYTES_MAX;
const CLOSERS = ['client', 'server'] as const;
/** Requests of a connection. */
const REQUESTS_MAX = 1e9;
const REQUEST_BYTES = 128;
const TIMEOUT_NS = 200e6;
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
    const fields = new Fields(value, path, PROGRAM_KEYS);
    const role = fields.choice('role', ROLES);
    if (role === 'client' && !fields.has('server')) {
      throw fields.refusal('server', 'the program that serves it');
    }
    for (const key of KEYS_OF_OTHER[role]) {
      if (fields.has(key)) throw new RangeError(`"${fields.at(key)}" is not known of a ${role}`);
    }
    const workload = fields.choice('workload', WORKLOAD_NAMES);
    const { datagrams, keys } = WORKLOADS[workload];
    const foreign = WORKLOAD_KEYS.find(
      (key) => fields.has(key) && !(keys as readonly string[]).includes(key),
    );
    if (foreign !== undefined) {
      throw new RangeError(`"${fields.at(foreign)}" is not known of ${workload}`);
    }
    const sizeMax = datagrams ? DATAGRAM_BYTES_MAX : SIZE_MAX;
    const sizeBytes = messageBytes(fields, 'size', 1, sizeMax, 64);
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
      idle: fields.whole('idle', 0, CONNECTIONS_MAX, 0),
      sizeBytes,
      responseBytes: messageBytes(fields, 'response', 1, sizeMax, sizeBytes),
      timeoutNs: readTimeout(fields),
      http: readHttp(fields),
      pace: readPace(fields),
      eventLoop: fields.choice('eventLoop', EVENT_LOOPS, 'readiness'),
      operations: fields.has('operations')
        ? fields.whole('operations', 1, Number.MAX_SAFE_INTEGER)
        : Number.POSITIVE_INFINITY,
    };
  });
  checkPorts(drafts);
  checkSockets(drafts, cards);
  checkDatagrams(drafts, cards);
  return drafts.map((draft) => {
    const { path: _path, server: _server, ...program } = draft;
    return program.role === 'server' ? program : { ...program, ...serverOf(draft, drafts, cards) };
  });
}

function readTimeout(fields: Fields): number {
  const timeoutNs = durationNs(fields, 'timeout', TIMEOUT_NS);
  if (timeoutNs > 0) return timeoutNs;
  throw fields.refusal('timeout', 'a time above 0, such as 200ms');
}

function readHttp(fields: Fields): HttpShape {
  return {
    requestBytes: messageBytes(fields, 'request', REQUEST_BYTES_MIN, REQUEST_BYTES_MAX, REQUEST_BYTES),
    sizes: fields.choice('sizes', SIZE_SPREADS, 'constant'),
    requests: fields.whole('requests', 0, REQUESTS_MAX, 0),
    closes: fields.choice('closes', CLOSERS, 'server'),
  };
}

/** How a program is paced. */
function readPace(fields: Fields): Pace {
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
  if (shapeText(server) !== shapeText(client)) {
    throw new RangeError(
      `"${client.path}.server": "${server.name}" runs ${shapeText(server)}, not ${shapeText(client)}`,
    );
  }
  if (server.address !== ANY_ADDRESS) return { address: server.address, port: server.port };
  const own = addressesOf(cards[client.card]);
  const theirs = addressesOf(cards[server.card]);
  const near = theirs.find((address) => own.some((mine) => sameSubnet(cards[client.card], mine, address)));
  return { address: near ?? theirs[0], port: server.port };
}

/** What both ends of a workload must agree on. */
function shapeText({ workload, sizeBytes, responseBytes, http }: Draft): string {
  const answers = responseBytes === sizeBytes ? '' : ` with answers of ${responseBytes}`;
  const { requests, closes, sizes } = http;
  const life = requests === 0 ? '' : ` and ${requests} requests a connection, which the ${closes} closes`;
  const drawn = sizes === 'constant' ? '' : ` (${sizes})`;
  return `${workload} of ${sizeBytes} bytes${drawn}${answers}${life}`;
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
  for (const { path, card, role, connections, idle } of drafts) {
    opened[card] += role === 'server' ? 1 : connections + idle;
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
    const other = servers
      .slice(0, i)
      .find(
        ({ card, port, workload }) =>
          card === server.card &&
          port === server.port &&
          WORKLOADS[workload].datagrams === WORKLOADS[server.workload].datagrams,
      );
    if (other !== undefined) {
      throw new RangeError(
        `"${server.path}.port": ${server.port} is the port of "${other.name}" on this card`,
      );
    }
  });
}
