/**
 * What a conformance vector is before it is written, and how it is: a line of JSON each. What a file holds in
 * the end are the types of src/conform/card/vector-file.ts.
 */
import type * as file from '../../../src/conform/card/vector-file.ts';
import type {
  FrameFacts,
  Place,
  SetupFacts,
  VectorFacts,
  VectorFrame,
} from '../../../src/conform/card/vector-file.ts';

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

/** A frame and what it says. */
export interface Frame extends FrameFacts {
  /** As 32-bit numbers; written little-endian. Not more than a frame has, whatever its size says. */
  readonly words: readonly number[];
  readonly places: readonly Place[];
}

/** A vector before its frame is written. */
export interface Vector extends VectorFacts {
  readonly frame: Frame;
  readonly expect: Answer | Judgement;
}

export interface SetupStep extends SetupFacts {
  readonly frame: Frame;
}

export interface VectorFile extends Pick<file.VectorFile, 'class' | 'classVersion' | 'layouts'> {
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
export function vectorText(made: VectorFile): string {
  const head = {
    format: 'inic-vectors',
    formatVersion: 1,
    generated: 'by spec/generate.ts from spec/*.yaml; do not edit',
    class: made.class,
    classVersion: made.classVersion,
    memory: VECTOR_MEMORY,
  };
  const setups = Object.entries(made.setups).map(([state, steps]) => {
    const lines = steps.map(
      ({ frame, ...rest }) => `      ${JSON.stringify({ ...rest, ...frameValue(frame) })}`,
    );
    return `    ${JSON.stringify(state)}: [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n    `}]`;
  });
  const vectors = made.vectors.map(
    ({ frame, expect, ...rest }) => `    ${JSON.stringify({ ...rest, ...frameValue(frame), expect })}`,
  );
  const layouts = Object.entries(made.layouts).map(
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

export function frameValue({ words, fields, list, elements, places }: Frame): VectorFrame {
  return {
    bytes: bytesText(words),
    fields,
    ...(list === undefined ? {} : { list }),
    ...(elements === undefined ? {} : { elements }),
    ...(places.length === 0 ? {} : { places }),
  };
}
