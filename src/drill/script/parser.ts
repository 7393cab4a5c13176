/**
 * Reads a packetdrill script: options, and behind them events, each a time and what happens then. An error
 * says where it is, what was expected, and what is written there.
 */
import type { Action, EventTime, Script, ScriptEvent, ScriptOption } from './ast.ts';
import { Cursor } from './cursor.ts';
import { parseCall } from './expression-parser.ts';
import { tokensOf } from './lexer.ts';
import { parsePacket } from './packet-parser.ts';

const US_PER_SECOND = 1_000_000;
/** Later times than a month are no script's. */
const SECONDS_MAX = 31 * 86_400;
const ACTIONS = 'a packet, a system call, a command or code';

/**
 * @param file the name that errors call it by. @param defines what words stand for, by their names.
 * @param names for which the script's `#ifdef` hold.
 * @throws ScriptError where it is no script. @throws NotJudged where it says something that is not served.
 */
export function parseScript(
  file: string,
  source: string,
  defines?: ReadonlyMap<string, string>,
  names?: ReadonlySet<string>,
): Script {
  const cursor = new Cursor(file, source, tokensOf(file, source, defines, names));
  const options: ScriptOption[] = [];
  const events: ScriptEvent[] = [];
  while (cursor.token.kind !== 'end') {
    if (cursor.token.kind === 'option') options.push(parseOption(cursor));
    else events.push(parseEvent(cursor));
  }
  if (events.length === 0) throw cursor.expected('an event, such as "0 socket(..., SOCK_STREAM, 0) = 3"');
  return { file, options, events };
}

/** The options that a script begins with, even where what follows is none of ours. */
export function optionsOf(
  file: string,
  source: string,
  defines?: ReadonlyMap<string, string>,
): ScriptOption[] {
  const cursor = new Cursor(file, source, tokensOf(file, source, defines));
  const options: ScriptOption[] = [];
  while (cursor.token.kind === 'option') options.push(parseOption(cursor));
  return options;
}

function parseOption(cursor: Cursor): ScriptOption {
  const { text, place } = cursor.take();
  const equals = text.indexOf('=');
  const name = (equals < 0 ? text : text.slice(0, equals)).slice(2).trim();
  const raw = equals < 0 ? undefined : text.slice(equals + 1).trim();
  return { name, value: raw?.replace(/^"(.*)"$/s, '$1'), place };
}

function parseEvent(cursor: Cursor): ScriptEvent {
  const { place } = cursor;
  // The commands that a script begins and ends with have no time.
  if (cursor.token.kind === 'shell') {
    return {
      place,
      time: { kind: 'relative', us: 0 },
      action: { kind: 'shell', command: cursor.take().text },
    };
  }
  const time = parseTime(cursor);
  const action = parseAction(cursor);
  checkTime(cursor, { place, time, action });
  return { place, time, action };
}

function parseTime(cursor: Cursor): EventTime {
  if (cursor.takeSign('*')) return { kind: 'any' };
  const relative = cursor.takeSign('+');
  // `~+.1` alone: from now on until then.
  if (cursor.isSign('~')) {
    cursor.take();
    cursor.takeSign('+');
    return { kind: 'relativeRange', us: 0, endUs: parseUs(cursor) };
  }
  const { place } = cursor;
  const us = parseUs(cursor);
  if (!cursor.takeSign('~')) return { kind: relative ? 'relative' : 'absolute', us };
  if (cursor.takeSign('+') !== relative) {
    throw cursor.wrong(relative ? 'expected "+" before the end of a relative range' : 'expected no "+" here');
  }
  const endUs = parseUs(cursor);
  if (endUs < us) throw cursor.wrong('expected a range of time that ends after it begins', place);
  return { kind: relative ? 'relativeRange' : 'absoluteRange', us, endUs };
}

/** Seconds, to whole microseconds. */
function parseUs(cursor: Cursor): number {
  const { token } = cursor;
  if (token.kind !== 'float' && token.kind !== 'integer') {
    throw cursor.expected('a time such as 0, +.1, *, or 0.1~0.2');
  }
  const seconds = Number(token.text);
  if (!(seconds >= 0 && seconds <= SECONDS_MAX)) throw cursor.expected(`seconds from 0 to ${SECONDS_MAX}`);
  cursor.take();
  return Math.round(seconds * US_PER_SECOND);
}

function parseAction(cursor: Cursor): Action {
  const { token } = cursor;
  if (token.kind === 'shell') return { kind: 'shell', command: cursor.take().text };
  if (token.kind === 'code') {
    const { text, place } = cursor.take();
    return { kind: 'code', source: text, place: { line: place.line, column: place.column + 2 } };
  }
  if (cursor.isSign('<') || cursor.isSign('>')) return parsePacket(cursor);
  if (cursor.takeSign('...')) {
    const untilUs = parseUs(cursor);
    return parseCall(cursor, untilUs);
  }
  if (token.kind === 'word') return parseCall(cursor, undefined);
  throw cursor.expected(ACTIONS);
}

/** What waits for nothing of the stack's happens at one time. */
function checkTime(cursor: Cursor, { place, time, action }: ScriptEvent): void {
  if (time.kind === 'absolute' || time.kind === 'relative') return;
  if (action.kind === 'packet' && !action.inbound) return;
  const words = time.kind === 'any' ? 'the time "*"' : 'a range of time';
  throw cursor.wrong(`${words} is for outbound packets: expected one time`, place);
}
