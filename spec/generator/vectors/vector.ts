/**
 * What a conformance vector is, and how it is written: a line of JSON each. spec/vectors/README.md explains
 * it to its users.
 */

/** Of a message that is answered in memory: what the word at its list's first address says in the end. */
interface Polled {
  readonly polled?: number;
}

/** What must happen to a request. */
export type Answer =
  /** Well formed: it is served, or refused by an errno of its message; or it is one that has no reply. */
  | ({ readonly answer: 'legal' } & Polled)
  /** Never delivered: a failure record. */
  | {
      readonly answer: 'failure';
      readonly failureCode: string;
      readonly code: number;
      readonly severity: string;
    }
  /** The request itself is wrong: ReqStatus TransactionError. */
  | ({
      readonly answer: 'transactionError';
      readonly detailedStatus: string;
      readonly code: number;
    } & Polled)
  /** Refused: ReqStatus ErrorNoData, and one of these as DetailedStatusCode. */
  | { readonly answer: 'error'; readonly statuses: readonly string[] }
  /** Nothing comes back. */
  | { readonly answer: 'none' };

/** What a host must think of a reply: good, or refused by the header's rules or by the class's. */
export type Judgement =
  | { readonly judgement: 'good' }
  | { readonly judgement: 'bad'; readonly by: 'header'; readonly failureCode: string; readonly code: number }
  | {
      readonly judgement: 'bad';
      readonly by: 'class';
      readonly detailedStatus: string;
      readonly code: number;
    };

/** A word that depends on where the card's memory is. */
export interface Place {
  readonly word: number;
  /**
   * `transmit`, `receive`, `control`: an address there; `immediate`: a context of immediate data;
   * `preserved`: the posted frame's.
   */
  readonly area: 'transmit' | 'receive' | 'control' | 'immediate' | 'preserved';
  /** Which buffer, or which immediate slot. */
  readonly number: number;
  /** Bytes from the buffer's first; 0 where it is not said. */
  readonly offset?: number;
}

export interface ElementValue {
  readonly kind: string;
  readonly flags: number;
  readonly count: number;
  readonly words: readonly number[];
}

/** A frame and what it says. */
export interface Frame {
  /** As 32-bit numbers; written little-endian. Not more than a frame has, whatever its size says. */
  readonly words: readonly number[];
  readonly fields: Readonly<Record<string, number>>;
  readonly list?: readonly (readonly number[])[];
  readonly elements?: readonly ElementValue[];
  readonly places: readonly Place[];
}

export interface Vector {
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly kind: 'request' | 'reply';
  /** Where the card has to be; `operational` unless it says otherwise. A key of the file's `setups`. */
  readonly state?: string;
  /** Class version that brought the message. */
  readonly since: number;
  readonly frame: Frame;
  readonly expect: Answer | Judgement;
}

/** One step towards a state. The card is given turns until it rests before the next. */
export interface SetupStep {
  readonly title: string;
  readonly frame: Frame;
  /** Posted together with what comes next: the card gets no turn between. */
  readonly together?: true;
}

/**
 * Where a layout's fields are: name, word, lowest bit, highest bit; and how many words come before its list.
 */
export interface Drawing {
  readonly words: number;
  readonly fields: readonly (readonly [name: string, word: number, low: number, high: number])[];
}

export interface VectorFile {
  readonly class: string;
  /** By message, of those the vectors have. */
  readonly layouts: Readonly<Record<string, { readonly request: Drawing; readonly reply?: Drawing }>>;
  readonly classVersion: number;
  readonly setups: Readonly<Record<string, readonly SetupStep[]>>;
  readonly vectors: readonly Vector[];
}

/** The memory the vectors' addresses were computed for. */
export const VECTOR_MEMORY = {
  regionBytes: 0x40000,
  control: { offset: 0x1000, byteLength: 0x1000 },
  transmit: { offset: 0x10000, bufferBytes: 2048, count: 16 },
  receive: { offset: 0x20000, bufferBytes: 2048, count: 16 },
  immediate: { firstContext: 16, count: 16 },
};

/** Words as bytes in memory order, four a word. */
export function bytesText(words: readonly number[]): string {
  return words
    .map((word) => {
      const swapped =
        ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
      return (swapped >>> 0).toString(16).padStart(8, '0');
    })
    .join(' ');
}

/** A file of vectors: JSON, each vector on a line of its own. */
export function vectorText(file: VectorFile): string {
  const head = {
    format: 'inic-vectors',
    formatVersion: 1,
    generated: 'by spec/generate.ts from spec/*.yaml; do not edit',
    class: file.class,
    classVersion: file.classVersion,
    memory: VECTOR_MEMORY,
  };
  const setups = Object.entries(file.setups).map(([state, steps]) => {
    const lines = steps.map(
      ({ frame, ...rest }) => `      ${JSON.stringify({ ...rest, ...frameValue(frame) })}`,
    );
    return `    ${JSON.stringify(state)}: [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n    `}]`;
  });
  const vectors = file.vectors.map(
    ({ frame, expect, ...rest }) => `    ${JSON.stringify({ ...rest, ...frameValue(frame), expect })}`,
  );
  const layouts = Object.entries(file.layouts).map(
    ([message, drawings]) => `    ${JSON.stringify(message)}: ${JSON.stringify(drawings)}`,
  );
  const [first] = JSON.stringify(head, null, 2).split(/\n}$/);
  const lists = [
    `"layouts": {\n${layouts.join(',\n')}\n  }`,
    `"setups": {\n${setups.join(',\n')}\n  }`,
    `"vectors": [\n${vectors.join(',\n')}\n  ]`,
  ];
  return `${[first, ...lists].join(',\n  ')}\n}\n`;
}

export function frameValue({ words, fields, list, elements, places }: Frame): object {
  return {
    bytes: bytesText(words),
    fields,
    ...(list === undefined ? {} : { list }),
    ...(elements === undefined ? {} : { elements }),
    ...(places.length === 0 ? {} : { places }),
  };
}
