/**
 * The small language of `--offload`, which says which sockets go to the card.
 *
 *     rule  = term { "or" term }
 *     term  = unit { "and" unit }
 *     unit  = "not" unit | "(" rule ")" | "all" | "none"
 *           | "port" NUMBER [ "-" NUMBER ] | "host" ADDRESS [ "/" BITS ]
 *
 * A listener is judged by its own address and port, a connection by those of its destination. A listener on
 * every address (`0.0.0.0`, `::`) counts as listening on each host that is named. `host` reaches further than
 * `all`: a destination that is not one of the card's addresses goes to the card only if a `host` names it.
 */
import { ANY, NOT_AN_ADDRESS, parseIPv4 } from './addresses.ts';

export interface OffloadRule {
  /**
   * @param address unsigned IPv4; 0 for a listener on every address. @param port 0 if the stack is to choose.
   */
  matches(address: number, port: number): boolean;
  /** Whether a `host` of the rule, not negated, covers the address. */
  namesHost(address: number): boolean;
  /** The rule as given. */
  readonly text: string;
}

type Test = (address: number, port: number) => boolean;

interface Parser {
  readonly text: string;
  readonly words: readonly string[];
  readonly hosts: Test[];
  next: number;
  negated: boolean;
}

/** @throws SyntaxError with one line that says what is wrong and where. */
export function parseOffloadRule(text: string): OffloadRule {
  const words = text.trim() === '' ? [] : (text.match(/[()]|[^\s()]+/g) ?? []);
  const parser: Parser = { text, words, hosts: [], next: 0, negated: false };
  const test = parseRule(parser);
  if (parser.next < words.length) fail(parser, '"and", "or" or the end');
  const hosts = parser.hosts;
  return {
    text,
    matches: test,
    namesHost: (address) => hosts.some((host) => host(address, 0)),
  };
}

function parseRule(parser: Parser): Test {
  let left = parseTerm(parser);
  while (take(parser, 'or')) {
    const a = left;
    const b = parseTerm(parser);
    left = (address, port) => a(address, port) || b(address, port);
  }
  return left;
}

function parseTerm(parser: Parser): Test {
  let left = parseUnit(parser);
  while (take(parser, 'and')) {
    const a = left;
    const b = parseUnit(parser);
    left = (address, port) => a(address, port) && b(address, port);
  }
  return left;
}

function parseUnit(parser: Parser): Test {
  if (take(parser, 'not')) {
    parser.negated = !parser.negated;
    const inner = parseUnit(parser);
    parser.negated = !parser.negated;
    return (address, port) => !inner(address, port);
  }
  if (take(parser, '(')) {
    const inner = parseRule(parser);
    if (!take(parser, ')')) fail(parser, '")"');
    return inner;
  }
  if (take(parser, 'all')) return () => true;
  if (take(parser, 'none')) return () => false;
  if (take(parser, 'port')) return parsePorts(parser);
  if (take(parser, 'host')) return parseHost(parser);
  return fail(parser, '"all", "none", "port", "host", "not" or "("');
}

function parsePorts(parser: Parser): Test {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(parser.words[parser.next] ?? '');
  const low = Number(match?.[1]);
  const high = Number(match?.[2] ?? match?.[1]);
  if (match === null || high > 65535 || low > high) {
    return fail(parser, 'a port 0-65535 or a range such as 8000-8100');
  }
  parser.next++;
  return (_address, port) => port >= low && port <= high;
}

function parseHost(parser: Parser): Test {
  const [text, bitsText] = (parser.words[parser.next] ?? '').split('/', 2);
  const address = parseIPv4(text ?? '');
  const bits = bitsText === undefined ? 32 : /^\d{1,2}$/.test(bitsText) ? Number(bitsText) : 33;
  if (address === NOT_AN_ADDRESS || bits > 32) {
    return fail(parser, 'an IPv4 address such as 10.1.0.2 or 10.1.0.0/16');
  }
  parser.next++;
  const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
  const network = (address & mask) >>> 0;
  const covers: Test = (candidate) => (candidate & mask) >>> 0 === network;
  if (!parser.negated) parser.hosts.push(covers);
  return (candidate, port) => candidate === ANY || covers(candidate, port);
}

function take(parser: Parser, word: string): boolean {
  if (parser.words[parser.next]?.toLowerCase() !== word) return false;
  parser.next++;
  return true;
}

function fail(parser: Parser, expected: string): never {
  const word = parser.words[parser.next];
  const got = word === undefined ? 'the end' : `"${word}" (word ${parser.next + 1})`;
  throw new SyntaxError(`offload rule "${parser.text}": expected ${expected}, got ${got}`);
}
