/**
 * What the files of spec/vectors hold: the one form that their generator writes and every runner reads.
 * spec/vectors/README.md explains it to its users.
 */

/** A place in the memory of the host. */
export interface Spot {
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

/** A word that depends on where the card's memory is. */
export interface Place extends Spot {
  readonly word: number;
}

export interface ElementValue {
  readonly kind: string;
  readonly flags: number;
  readonly count: number;
  readonly words: readonly number[];
}

/** What a frame says. */
export interface FrameFacts {
  readonly fields: Readonly<Record<string, number>>;
  readonly list?: readonly (readonly number[])[];
  readonly elements?: readonly ElementValue[];
}

export interface VectorFrame extends FrameFacts {
  /** In memory order, as hexadecimal, a blank behind each word. */
  readonly bytes: string;
  readonly places?: readonly Place[];
}

/** What is said of a vector beside its frame. */
export interface VectorFacts {
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly kind: 'request' | 'reply';
  /** Where the card has to be; `operational` unless it says otherwise. A key of the file's `setups`. */
  readonly state?: string;
  /** Class version that brought the message. */
  readonly since: number;
}

export interface Vector extends VectorFacts, VectorFrame {
  /** What must come of it: `answer` of a request, `judgement` of a reply, and what goes with it. */
  readonly expect: Readonly<Record<string, unknown>>;
}

/** What is said of a step towards a state. The card is given turns until it rests before the next. */
export interface SetupFacts {
  readonly title: string;
  /** Posted together with what comes next: the card gets no turn between. */
  readonly together?: true;
}

export interface SetupStep extends SetupFacts, VectorFrame {}

/**
 * Where a layout's fields are: name, word, lowest bit, highest bit; and how many words come before its list.
 */
export interface Drawing {
  readonly words: number;
  readonly fields: readonly (readonly [name: string, word: number, low: number, high: number])[];
}

/** By message, of those the vectors have. */
export type Drawings = Readonly<Record<string, { readonly request: Drawing; readonly reply?: Drawing }>>;

export interface VectorFile {
  readonly class: string;
  readonly classVersion: number;
  readonly layouts: Drawings;
  readonly setups: Readonly<Record<string, readonly SetupStep[]>>;
  readonly vectors: readonly Vector[];
}

/** What is expected of a frame, of an element of a list, or of memory. */
export interface Expected {
  /** As a frame's bytes; dots are not judged. */
  readonly bytes: string;
  readonly places?: readonly Place[];
}

export interface ExpectedReply extends Expected {
  /** Any number of these, none too. */
  readonly any?: true;
}

/** One element of the lists of multiple-transaction replies, whatever frames they come in. */
export interface ExpectedItem extends Expected {
  readonly message: string;
  /** ReqStatus of its frame. */
  readonly status: number;
  /** Any number of these, none too. */
  readonly any?: true;
}

export interface ScenarioStep extends VectorFrame {
  readonly title: string;
  /** Written before the frame is posted. */
  readonly write?: readonly (Spot & Expected)[];
  /** Single-transaction replies, in any order; none but these. */
  readonly replies: readonly ExpectedReply[];
  /** In any order, but those of one socket's data in theirs; none but these. */
  readonly items: readonly ExpectedItem[];
  /** What memory holds afterwards. */
  readonly read?: readonly (Spot & Expected)[];
}

/** Requests one after the other, with all that must come of each. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly state: string;
  /** The public source whose frames these are; absent where they are made of the spec. */
  readonly origin?: string;
  /** The card's class version and transport, where they are not the newest and `ring`. */
  readonly classVersion?: 1 | 2;
  readonly transport?: 'fifo';
  readonly steps: readonly ScenarioStep[];
}

export interface ScenarioFile {
  readonly name: string;
  readonly classVersion: number;
  readonly setups: Readonly<Record<string, readonly SetupStep[]>>;
  readonly scenarios: readonly Scenario[];
}
