/**
 * What a scenario is: requests one after the other, with all that must come of each. spec/vectors/README.md
 * explains it.
 */
import { bytesText, type Frame, frameValue, type Place, type SetupStep, VECTOR_MEMORY } from './vector.ts';

/** A word to compare with: only the bits of `mask` are judged. */
export interface WordPattern {
  readonly value: number;
  readonly mask: number;
}

/** A place in the memory of the host. */
export interface Spot {
  readonly area: Place['area'];
  readonly number: number;
  /** Bytes from the buffer's first. */
  readonly offset: number;
}

export interface Expected {
  readonly words: readonly WordPattern[];
  readonly places: readonly Place[];
}

export interface ReplyPattern extends Expected {
  /** Any number of these, none too. */
  readonly any?: true;
}

/** One element of the lists of multiple-transaction replies, whatever frames they come in. */
export interface ItemPattern extends Expected {
  readonly message: string;
  /** ReqStatus of its frame. */
  readonly status: number;
}

export interface ScenarioStep {
  readonly title: string;
  /** Written before the frame is posted. */
  readonly write: readonly (Spot & {
    readonly words: readonly number[];
    readonly places: readonly Place[];
  })[];
  readonly frame: Frame;
  /** Single-transaction replies, in any order; none but these. */
  readonly replies: readonly ReplyPattern[];
  /** In any order, but those of one socket's data in theirs; none but these. */
  readonly items: readonly ItemPattern[];
  /** What memory holds afterwards. */
  readonly read: readonly (Spot & Expected)[];
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly state: string;
  /** The card's class version, transport and device, where they are not 3, `ring` and `socket`. */
  readonly classVersion?: 1 | 2;
  readonly transport?: 'fifo';
  readonly steps: readonly ScenarioStep[];
}

/** Words as in `bytesText`; a nibble that is not judged is a dot. */
export function patternText(words: readonly WordPattern[]): string {
  const values = bytesText(words.map(({ value }) => value));
  const masks = bytesText(words.map(({ mask }) => mask));
  return [...values].map((digit, i) => (masks[i] === '0' ? '.' : digit)).join('');
}

function expectedValue({ words, places, ...rest }: Expected): object {
  return { ...rest, bytes: patternText(words), ...(places.length === 0 ? {} : { places }) };
}

export function scenarioText(
  name: string,
  classVersion: number,
  setups: Readonly<Record<string, readonly SetupStep[]>>,
  scenarios: readonly Scenario[],
): string {
  const head = {
    format: 'inic-scenarios',
    formatVersion: 1,
    generated: 'by spec/generate.ts from spec/*.yaml; do not edit',
    name,
    classVersion,
    memory: VECTOR_MEMORY,
  };
  const used = Object.entries(setups).map(([state, steps]) => {
    const values = steps.map(({ frame, ...rest }) => ({ ...rest, ...frameValue(frame) }));
    return `    ${JSON.stringify(state)}: ${JSON.stringify(values)}`;
  });
  const rows = scenarios.map(({ steps, ...rest }) => {
    const lines = steps.map(
      ({ title, write, frame, replies, items, read }) =>
        `      ${JSON.stringify({
          title,
          ...(write.length === 0
            ? {}
            : { write: write.map(({ words, ...at }) => ({ ...at, bytes: bytesText(words) })) }),
          ...frameValue(frame),
          replies: replies.map(expectedValue),
          items: items.map(expectedValue),
          ...(read.length === 0 ? {} : { read: read.map(expectedValue) }),
        })}`,
    );
    const opening = JSON.stringify(rest).slice(0, -1);
    return `    ${opening},"steps":[\n${lines.join(',\n')}\n    ]}`;
  });
  const [first] = JSON.stringify(head, null, 2).split(/\n}$/);
  const lists = [`"setups": {\n${used.join(',\n')}\n  }`, `"scenarios": [\n${rows.join(',\n')}\n  ]`];
  return `${[first, ...lists].join(',\n  ')}\n}\n`;
}
