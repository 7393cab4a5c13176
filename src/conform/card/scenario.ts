/**
 * Runs scenarios of spec/vectors/scenarios on a card: what was written, posted and answered, held against
 * what is expected.
 */
import { messageNamed } from '../../spec/catalogue.ts';
import type { Expected, Scenario, ScenarioFile, ScenarioStep } from './vector-file.ts';
import type { VectorHost } from './vector-host.ts';

/** Time a step takes at the most: a delayed acknowledgement, and whatever waits for company. */
const TURN_NS = 5e6;
const TURNS = 20;

export function functionNamed(message: string): number {
  return messageNamed(message)!.function;
}

/** @param card a card that has just been started. @returns what is wrong. */
export function runScenario(card: VectorHost, file: ScenarioFile, scenario: Scenario): string[] {
  card.bring(file, scenario.state);
  card.rest(TURNS, TURN_NS);
  return scenario.steps.flatMap((step) => {
    for (const { bytes, places, ...at } of step.write ?? []) {
      card.write(card.address(at), card.placed({ bytes, fields: {}, ...(places ? { places } : {}) }));
    }
    card.put(step);
    const replies = card.rest(TURNS, TURN_NS);
    if (isOutboundInit(step)) card.bare.supply();
    const several = (reply: Int32Array): boolean => (reply[0] & 0x1000) !== 0;
    const alone = replies
      .filter((reply) => !several(reply))
      .map((reply) => ({ name: '', text: hex(reply.subarray(0, reply[0] >>> 16)) }));
    const items = replies.filter(several).flatMap(itemsOf);
    const text = (expected: Expected): string => patternOf(card, expected);
    return [
      ...compare(
        step.replies.map((e) => ({ name: '', text: text(e), any: e.any === true })),
        alone,
      ),
      ...compare(
        step.items.map((e) => ({
          name: `${functionNamed(e.message)}/${e.status}`,
          text: text(e),
          any: e.any === true,
        })),
        items,
      ),
      ...(step.read ?? []).flatMap((e) => {
        const found = hex(card.read(card.address(e), e.bytes.split(' ').length));
        return matches(text(e), found) ? [] : [`${e.area} ${e.number} holds ${found}, not ${text(e)}`];
      }),
      ...takeBack(card, step, replies),
    ].map((what) => `${step.title}: ${what}`);
  });
}

/** Behind it the host lends the card its outbound frames. */
function isOutboundInit({ bytes }: ScenarioStep): boolean {
  return Number.parseInt(bytes.slice(15, 17), 16) === functionNamed('ExecOutboundInit');
}

/** Frames the card has kept: the record must name the one that was posted, which goes back as a NOP. */
function takeBack(card: VectorHost, step: ScenarioStep, replies: readonly Int32Array[]): string[] {
  const kept = step.replies.flatMap(({ places = [] }) => places.filter(({ area }) => area === 'preserved'));
  return kept.flatMap(({ word }) => {
    const named = replies.some((reply) => card.recycle(reply[word]));
    return named ? [] : ['the record names another frame'];
  });
}

interface Said {
  readonly name: string;
  readonly text: string;
}

/** Each expected one must be there once, in any order; nothing else may be. */
function compare(expected: readonly (Said & { readonly any: boolean })[], found: readonly Said[]): string[] {
  const left = [...found];
  const wrong: string[] = [];
  const is = (want: Said, said: Said): boolean => want.name === said.name && matches(want.text, said.text);
  for (const want of expected) {
    const at = left.findIndex((said) => is(want, said));
    if (at >= 0) left.splice(at, 1);
    else if (!want.any) wrong.push(`missing ${want.name} ${want.text}`);
  }
  const extra = left.filter((said) => !expected.some((want) => want.any && is(want, said)));
  return [...wrong, ...extra.map(({ name, text }) => `unexpected ${name} ${text}`)];
}

function matches(pattern: string, text: string): boolean {
  return (
    pattern.length === text.length && [...pattern].every((digit, i) => digit === '.' || digit === text[i])
  );
}

/** Elements of a multiple-transaction reply: contexts, outcomes or records. */
function itemsOf(reply: Int32Array): Said[] {
  const code = reply[1] >>> 24;
  const count = reply[3] & 0xff;
  const stride = ((reply[3] >>> 8) & 0xff) + 1;
  const first = code === functionNamed('SocketReceivePost') ? 6 : 5;
  return Array.from({ length: count }, (_, i) => ({
    name: `${code}/${reply[4] >>> 24}`,
    text: hex(reply.subarray(first + i * stride, first + (i + 1) * stride)),
  }));
}

function hex(words: Int32Array): string {
  return Array.from(words, (word) => {
    const bytes = [0, 8, 16, 24].map((shift) => ((word >>> shift) & 0xff).toString(16).padStart(2, '0'));
    return bytes.join('');
  }).join(' ');
}

function patternOf(card: VectorHost, { bytes, places = [] }: Expected): string {
  const words = bytes.split(' ');
  for (const place of places) {
    // Which address it is, is the transport's to say: `takeBack` looks whether it is the right one.
    if (place.area === 'preserved') words[place.word] = '........';
    else words[place.word] = hex(Int32Array.of(card.address(place)));
  }
  return words.join(' ');
}
