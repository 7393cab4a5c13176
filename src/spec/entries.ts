/**
 * What the spec's YAML files say, as typed data for the programs that read it at run time: the decoder names
 * fields by it, the validator takes its machines and rules from it, `inic spec` prints it. The data is
 * `catalogue.gen.ts`, made from the same files as the codecs; `catalogue.ts` finds things in it.
 *
 * Words are 32 bits, numbered from the frame's (or the structure's) first; bit 0 is the least. `origin` is
 * `inic` for what is ours, and else says where it comes from.
 */

export interface FieldEntry {
  readonly name: string;
  readonly word: number;
  /** Lowest and highest bit; 0 and 31 for a whole word. */
  readonly low: number;
  readonly high: number;
  readonly doc: string;
  /** `bytes`, `µs`, `words`…; none for numbers, names and flags. */
  readonly unit?: string;
  /** Least and greatest good value, both inclusive; absent where the bits alone bound it. */
  readonly min?: number;
  readonly max?: number;
  /** The only good value. */
  readonly value?: number;
  /** Of the values in its range only the powers of two are good. */
  readonly powerOfTwo?: boolean;
  /** Name of the enumeration its values, or its bits, come from. */
  readonly enum?: string;
  /** The public header that has the field; `ours` where none has. */
  readonly source: string;
}

/** Elements of one size that end a message, as many as its field `count` says. */
export interface ListEntry {
  readonly name: string;
  /** Where the first element begins. */
  readonly word: number;
  /** Words from one element to the next. */
  readonly stride: number;
  readonly structure?: string;
  readonly doc: string;
}

/** A scatter-gather list that ends a message. */
export interface SglEntry {
  readonly word: number;
  /** Kinds of element allowed. */
  readonly elements: readonly string[];
  /** The field that says how many elements there are, where one does. */
  readonly count?: string;
  /** Elements a good list has at the least, where it is more than one. */
  readonly least?: number;
  /** Whoever serves the message reads the list itself, in every form a list can have. */
  readonly reader?: true;
}

export interface LayoutEntry {
  /** Size without what a list or a scatter-gather list adds. */
  readonly words: number;
  readonly fields: readonly FieldEntry[];
  readonly list?: ListEntry;
  readonly sgl?: SglEntry;
  readonly doc?: string;
}

export interface ErrnoEntry {
  readonly name: string;
  /** When it is the answer. */
  readonly when?: string;
  /** States of the socket's machine in which it is the answer to a message that is not legal there. */
  readonly in?: readonly string[];
  /** It is also the answer to a message that is legal in its state, for another of the reasons in `when`. */
  readonly elsewhere?: true;
  /** States in which it may be the answer too, by what went before: another is the one to be expected there. */
  readonly also?: readonly string[];
}

/**
 * How a message is answered: not at all; by a status alone; by a single-transaction reply with fields; by a
 * multiple-transaction reply, one context an element; by a reply whose word 4 is a field of its own and no
 * status (the utility messages Abort, EventRegister and EventAck): look at the function before word 4.
 */
export type ReplyForm = 'none' | 'status' | 'single' | 'multiple' | 'overlaid';

export interface MessageEntry {
  readonly name: string;
  /** Name of its class. */
  readonly className: string;
  /** Bits 24-31 of word 1. */
  readonly function: number;
  /** Class version that brought it. */
  readonly since: number;
  readonly origin: string;
  /** The public header that shows the layout; none for what is ours. */
  readonly reference?: string;
  readonly doc: string;
  readonly request: LayoutEntry;
  readonly replyForm: ReplyForm;
  readonly reply?: LayoutEntry;
  /**
   * What is malformed is not answered by a reply either. Else it is by a transaction error; by a failure if
   * overlaid.
   */
  readonly refused?: 'none';
  /** A request always covers several transactions: its header has the flag MULTIPLE. */
  readonly multiple?: true;
  /** A request may have the flag MULTIPLE: it then is a batch, whose list is made of transactions. */
  readonly batch?: true;
  /**
   * What a well-formed one is refused by: errno in the socket class, names of LanDetailedStatus in the LAN
   * class, else of DetailedStatus.
   */
  readonly errno: readonly ErrnoEntry[];
}

export interface EnumEntry {
  readonly name: string;
  readonly className: string;
  readonly doc: string;
  /** The public header that has the numbers; `ours` where none has. */
  readonly source: string;
  /** The values are bits to be combined. */
  readonly bitSet: boolean;
  readonly values: readonly EnumValueEntry[];
}

export interface EnumValueEntry {
  readonly name: string;
  readonly value: number;
  readonly doc: string;
}

export interface StructureEntry extends LayoutEntry {
  readonly name: string;
  readonly className: string;
  readonly doc: string;
}

export interface ClassEntry {
  readonly name: string;
  readonly id: number;
  readonly version: number;
  readonly origin: string;
  readonly reference?: string;
  readonly doc: string;
  readonly messages: readonly MessageEntry[];
  readonly enums: readonly EnumEntry[];
  readonly structures: readonly StructureEntry[];
}

/** What every class shares. Its enumerations and structures have the class name `frame`. */
export interface FrameEntry {
  readonly name: string;
  readonly origin: string;
  readonly reference: string;
  readonly doc: string;
  readonly enums: readonly EnumEntry[];
  readonly structures: readonly StructureEntry[];
  readonly replyForms: readonly ReplyFormEntry[];
  readonly elements: readonly ElementEntry[];
}

/** One way a message can be answered. */
export interface ReplyFormEntry {
  readonly name: string;
  readonly structure: string;
  readonly doc: string;
}

/** An element of a scatter-gather list: word 0 has flags in bits 24-31 and a byte count in bits 0-23. */
export interface ElementEntry {
  readonly name: string;
  /** Without LAST_ELEMENT, 0x80. */
  readonly flags: number;
  readonly doc: string;
  /** The words after the first. */
  readonly words: readonly ElementWordEntry[];
  /** What follows those. */
  readonly tail?: string;
}

export interface ElementWordEntry {
  readonly name: string;
  readonly doc: string;
}

/** A state machine: `iop`, `session` or `socket`. */
export interface MachineEntry {
  readonly name: string;
  readonly doc: string;
  readonly origin: string;
  readonly initial: string;
  readonly states: readonly StateEntry[];
  readonly transitions: readonly TransitionEntry[];
}

export interface StateEntry {
  readonly name: string;
  readonly doc: string;
}

export interface TransitionEntry {
  /** States it starts from; `any` is written out. */
  readonly in: readonly string[];
  /** `request SocketConnect`, `reply SocketConnect success`, `polled …`, `record EndOfStream`, `event …`. */
  readonly on: string;
  /** Only with one of these values in a field of the request. */
  readonly when?: FieldCondition;
  /** A state, or `same`. */
  readonly to: string;
  readonly doc?: string;
}

export interface FieldCondition {
  readonly field: string;
  readonly values: readonly number[];
  /** The same, as the field's enumeration names them. */
  readonly names: readonly string[];
}

/** What the validator holds a trace against. */
export interface RuleEntry {
  /** As in `H-01`. */
  readonly id: string;
  readonly title: string;
  readonly doc: string;
  readonly reference: string;
}

/** A parameter group, read by UtilParamsGet. */
export interface GroupEntry {
  readonly number: number;
  readonly name: string;
  readonly doc: string;
  readonly origin: string;
  /** Rows with keys, rather than one row. */
  readonly table: boolean;
  /** Whom it can be asked: `executive`, `socket`, `any`. */
  readonly target: string;
  readonly fields: readonly GroupFieldEntry[];
}

export interface GroupFieldEntry {
  readonly name: string;
  /** FieldIdx. */
  readonly index: number;
  readonly bytes: number;
  readonly doc: string;
  readonly unit?: string;
  readonly writable: boolean;
  /** The public header that has the field; `ours` where none has. */
  readonly source: string;
}

export interface Catalogue {
  readonly frame: FrameEntry;
  readonly classes: readonly ClassEntry[];
  readonly machines: readonly MachineEntry[];
  readonly rules: readonly RuleEntry[];
  readonly groups: readonly GroupEntry[];
  /** Errno and SocketOption, which are no class's. */
  readonly numbers: readonly EnumEntry[];
}
