/** Reads a policy as a person writes it: a rule a line, `#` before a comment. `rule.ts` has the grammar. */
import {
  type Expression,
  KINDS,
  type PolicyRule,
  prefixMask,
  type RuleKind,
  type RuleSettings,
  type Side,
} from './rule.ts';
import { PolicyError, type Token, tokensOf } from './tokens.ts';

/** Rules that a policy has at most: each connection is held against them in turn. */
export const RULES_MAX = 1024;
/** Parentheses and negations within each other at most. */
const DEPTH_MAX = 64;
const SOCKET_BUFFER_BYTES_MAX = 0x3fff_ffff;
const SHOWN_CHARS_MAX = 40;
const PLACES = '"any", "port", "host", "local", "remote", "not" or "("';

/** @throws PolicyError of one line that names line, column and what was expected there. */
export function parsePolicy(text: string): PolicyRule[] {
  const rules: PolicyRule[] = [];
  text.split(/\r\n|\r|\n/).forEach((line, i) => {
    const tokens = tokensOf(line, i + 1);
    if (tokens.length === 0) return;
    if (rules.length === RULES_MAX) {
      throw new PolicyError(i + 1, tokens[0].column, `expected at most ${RULES_MAX} rules, got one more`);
    }
    rules.push(new RuleReader(tokens, i + 1, line.length + 1).rule());
  });
  return rules;
}

class RuleReader {
  private readonly tokens: readonly Token[];
  private readonly line: number;
  private readonly endColumn: number;
  private next = 0;
  private depth = 0;

  constructor(tokens: readonly Token[], line: number, endColumn: number) {
    this.tokens = tokens;
    this.line = line;
    this.endColumn = endColumn;
  }

  rule(): PolicyRule {
    const kind = this.kind();
    const expression = this.expression();
    if (!this.take('=>')) this.fail('"and", "or" or "=>"');
    const offload = this.take('offload');
    if (!offload && !this.take('no-offload')) this.fail('"offload" or "no-offload"');
    const settings = offload ? this.settings() : {};
    if (this.next < this.tokens.length) {
      this.fail(
        offload ? '"," or the end of the line' : 'the end of the line, as no-offload has no settings',
      );
    }
    return { kind, expression, offload, settings };
  }

  private kind(): RuleKind {
    if (!this.take('[')) return 'all';
    const kind = KINDS.find((candidate) => this.take(candidate));
    if (kind === undefined) return this.fail(`a kind (${KINDS.join(', ')})`);
    if (!this.take(']')) this.fail('"]"');
    return kind;
  }

  private expression(): Expression {
    let left = this.term();
    while (this.take('or')) left = { op: 'or', left, right: this.term() };
    return left;
  }

  private term(): Expression {
    let left = this.unit();
    while (this.take('and')) left = { op: 'and', left, right: this.unit() };
    return left;
  }

  private unit(): Expression {
    if (this.take('not')) return { op: 'not', of: this.within(() => this.unit()) };
    if (this.take('(')) {
      const inner = this.within(() => this.expression());
      if (!this.take(')')) this.fail('"and", "or" or ")"');
      return inner;
    }
    if (this.take('any')) return { op: 'any' };
    const side: Side = this.take('local') ? 'local' : this.take('remote') ? 'remote' : 'either';
    if (this.take('port')) return this.ports(side);
    if (this.take('host')) return this.host(side);
    return this.fail(side === 'either' ? PLACES : '"port" or "host"');
  }

  private within(read: () => Expression): Expression {
    if (this.depth === DEPTH_MAX)
      return this.fail(`at most ${DEPTH_MAX} "(" and "not" within each other`, -1);
    this.depth += 1;
    const expression = read();
    this.depth -= 1;
    return expression;
  }

  private ports(side: Side): Expression {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(this.text());
    const low = Number(match?.[1]);
    const high = Number(match?.[2] ?? match?.[1]);
    if (match === null || high > 65535 || low > high) {
      return this.fail('a port from 0 to 65535 or a range such as 8000-8100');
    }
    this.next += 1;
    return { op: 'port', side, low, high };
  }

  private host(side: Side): Expression {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(this.text());
    const parts = match?.slice(1, 5).map(Number) ?? [];
    const bits = Number(match?.[5] ?? 32);
    if (match === null || bits > 32 || parts.some((part) => part > 255)) {
      return this.fail('an IPv4 address such as 10.1.0.2 or 10.1.0.0/16');
    }
    const address = parts.reduce((sum, part) => (sum << 8) | part, 0);
    if ((address & ~prefixMask(bits)) !== 0)
      return this.fail(`an address without bits behind its first ${bits}`);
    this.next += 1;
    return { op: 'host', side, address, bits };
  }

  private settings(): RuleSettings {
    const settings: { -readonly [key in keyof RuleSettings]: RuleSettings[key] } = {};
    while (this.take(',')) {
      const key = this.text();
      if (Object.hasOwn(settings, key)) this.fail('a setting that the rule does not have yet');
      if (this.take('device')) settings.device = this.word(/^[^\s/:%]{1,15}$/, "a device's name");
      else if (this.take('after')) settings.after = this.bytes();
      else if (this.take('nodelay')) settings.nodelay = this.word(/^(on|off)$/, '"on" or "off"') === 'on';
      else if (this.take('keepalive')) settings.keepalive = this.word(/^(on|off)$/, '"on" or "off"') === 'on';
      else if (this.take('sndbuf')) settings.sndbuf = this.bytes();
      else if (this.take('rcvbuf')) settings.rcvbuf = this.bytes();
      else this.fail('a setting (device, after, nodelay, keepalive, sndbuf, rcvbuf)');
    }
    return settings;
  }

  private bytes(): number {
    const value = Number(this.word(/^[1-9]\d{0,9}$/, 'bytes, a whole number above 0'));
    if (value > SOCKET_BUFFER_BYTES_MAX) return this.fail(`at most ${SOCKET_BUFFER_BYTES_MAX} bytes`, -1);
    return value;
  }

  private word(pattern: RegExp, expected: string): string {
    const text = this.text();
    if (!pattern.test(text)) return this.fail(expected);
    this.next += 1;
    return text;
  }

  private text(): string {
    return this.tokens[this.next]?.text ?? '';
  }

  private take(word: string): boolean {
    if (this.tokens[this.next]?.text !== word) return false;
    this.next += 1;
    return true;
  }

  /** @param step from the next word to the one that is wrong. */
  private fail(expected: string, step = 0): never {
    const token = this.tokens[this.next + step];
    const column = token?.column ?? this.endColumn;
    throw new PolicyError(this.line, column, `expected ${expected}, got ${shown(token?.text)}`);
  }
}

/** A word as a complaint shows it, on one line however odd it is. */
function shown(text: string | undefined): string {
  if (text === undefined) return 'the end of the line';
  const quoted = JSON.stringify(text);
  return quoted.length > SHOWN_CHARS_MAX ? `${quoted.slice(0, SHOWN_CHARS_MAX - 3)}..."` : quoted;
}
