/**
 * The catalogue's messages as rows of numbers, one for every function a target could be sent: what the
 * validator looks up for each frame. Made once a trace; nothing here changes afterwards.
 */
import { PRIVATE_ECHO } from '../i2o/executive.gen.ts';
import {
  getSocketCreateReplyMode,
  getSocketSendRecord,
  REPLY_MODE_NEVER,
  SOCKET_SEND,
} from '../i2o/socket.gen.ts';
import { errnoNumber } from '../socket/errno.ts';
import { classNamed, enumNamed, machineNamed, messageNamed, messageOf } from '../spec/catalogue.ts';
import type { FieldEntry, LayoutEntry, MessageEntry, ReplyForm } from '../spec/entries.ts';
import { Machine, UNNAMED } from './machine.ts';

/** Whom a frame is for. */
export const TARGET_EXECUTIVE = 0;
export const TARGET_DEVICE = 1;
const FUNCTIONS = 256;
/** Versions of the socket class with which SocketSend took on more. */
const VERSION_OF_BATCHES = 2;
const VERSION_OF_RECORDS = 3;
/** The version that has socket numbers beyond 16 bits, and where they are in a message's word 4. */
const VERSION_OF_WIDE_NUMBERS = 3;
const WIDE_BITS = 0xff_0000;

/** Functions below this are utility functions, which every class has. */
export const CLASS_FUNCTIONS = 0x20;
/** The first word that is the message's own, behind the header and the contexts. */
const FIRST_OWN_WORD = 4;

export const SGL_IN = 1;
export const SGL_OUT = 2;
export const SGL_BUCKET = 4;
export const SGL_TRANSMIT = 8;
export const SGL_IMMEDIATE = 16;
const SGL_BITS: Readonly<Record<string, number>> = {
  in: SGL_IN,
  out: SGL_OUT,
  bucket: SGL_BUCKET,
  transmit: SGL_TRANSMIT,
  immediate: SGL_IMMEDIATE,
  data: SGL_IMMEDIATE,
};

/** Codes that a class of ports refuses its messages by. */
const STATUSES: Readonly<Record<string, string>> = {
  lan: 'LanDetailedStatus',
  window: 'WindowDetailedStatus',
};

/** A field that not every value is good for. */
export class FieldCheck {
  readonly name: string;
  readonly word: number;
  readonly low: number;
  readonly mask: number;
  private readonly min: number;
  private readonly max: number;
  /** The good values, one byte each, where they are an enumeration. */
  private readonly values: Uint8Array | undefined;
  /** Bits that may be set, where they are a set of bits. */
  private readonly bits: number;
  private readonly powerOfTwo: boolean;

  constructor(field: FieldEntry) {
    this.name = field.name;
    this.word = field.word;
    this.low = field.low;
    const width = field.high - field.low + 1;
    this.mask = width === 32 ? -1 : 2 ** width - 1;
    this.min = field.value ?? field.min ?? 0;
    this.max = field.value ?? field.max ?? 2 ** width - 1;
    this.powerOfTwo = field.powerOfTwo === true;
    const known = field.enum === undefined ? undefined : enumNamed(field.enum);
    this.bits = known?.bitSet ? known.values.reduce((all, { value }) => all | value, 0) : -1;
    if (known === undefined || known.bitSet) return;
    const good = new Uint8Array(FUNCTIONS);
    for (const { value } of known.values) good[value] = 1;
    this.values = good;
  }

  /** Whether there is anything to check. */
  static bounds(field: FieldEntry): boolean {
    return [field.min, field.max, field.value, field.enum].some((bound) => bound !== undefined);
  }

  read(words: Int32Array, at: number): number {
    return ((words[at + this.word] >>> this.low) & this.mask) >>> 0;
  }

  /** Whether the field has a good value. // Hot path. */
  good(words: Int32Array, at: number): boolean {
    const value = ((words[at + this.word] >>> this.low) & this.mask) >>> 0;
    if (value < this.min || value > this.max || (value & ~this.bits) !== 0) return false;
    if (this.powerOfTwo && (value & (value - 1)) !== 0) return false;
    return this.values === undefined || (value < FUNCTIONS && this.values[value] === 1);
  }
}

/** The columns of one event of a message in the machines. */
export interface Columns {
  readonly iop: number;
  readonly session: number;
  readonly socket: number;
  readonly lan: number;
  readonly window: number;
}

/** Whether a message's header has the flag MULTIPLE: never, as the host likes, or always. */
export const SEVERAL_NEVER = 0;
export const SEVERAL_MAY = 1;
export const SEVERAL_ALWAYS = 2;

export class MessageRow {
  readonly index: number;
  readonly target: number;
  readonly functionCode: number;
  readonly name: string;
  readonly known: boolean;
  /** It is a message of a network port: of the LAN class, or of the window class. */
  readonly ofPort: boolean;
  /** SEVERAL_ constant. */
  readonly several: number;
  readonly since: number;
  readonly replyForm: ReplyForm;
  /** The reply is memory the host polls. */
  readonly polled: boolean;
  /** Belongs to the executive class: moves the session too. */
  readonly executive: boolean;
  readonly requestWords: number;
  readonly replyWords: number;
  readonly sglWord: number;
  readonly sglAllowed: number;
  readonly sglCount: FieldCheck | undefined;
  readonly listWord: number;
  readonly listStride: number;
  readonly listCount: FieldCheck | undefined;
  readonly requestChecks: readonly FieldCheck[];
  /** By word: bits that no field names, of the request's fixed part and of a successful reply's. */
  readonly requestReserved: Int32Array;
  readonly replyReserved: Int32Array;
  readonly replyChecks: readonly FieldCheck[];
  /** Word 4 bits 0-23 of the request name a socket. */
  readonly namesSocket: boolean;
  /** Word 4 bits 16-23 of the request are bits 16-23 of the numbers of sockets. */
  readonly wide: boolean;
  readonly hasReplyMode: boolean;
  /** Word 5 of a successful reply names the socket again: by these of the number's bits. */
  readonly replyNamesSocket: boolean;
  readonly replySocketMask: number;
  /** By errno: 1 where the message may give it. */
  readonly errno = new Uint8Array(FUNCTIONS);
  /** By errno: the states it is the answer in, as bits, 0 for any; 1 where it has other reasons besides. */
  readonly errnoStates = new Int32Array(FUNCTIONS);
  readonly errnoElsewhere = new Uint8Array(FUNCTIONS);
  /** By DetailedStatusCode: 1 where a good request may be refused by it. */
  readonly general = new Uint8Array(FUNCTIONS);
  /** A card of an older version, or of another organization, may refuse the message as unknown. */
  readonly unusual: boolean;
  readonly onRequest: Columns;
  readonly onSuccess: Columns;
  readonly onError: Columns;
  readonly onPolledSuccess: Columns;
  readonly onPolledError: Columns;
  /** Where the socket machine's condition on the request looks; mask 0 for none. */
  readonly conditionWord: number;
  readonly conditionLow: number;
  readonly conditionMask: number;

  constructor(index: number, entry: MessageEntry | undefined, machines: Machines) {
    this.index = index;
    this.target = index >= FUNCTIONS ? TARGET_DEVICE : TARGET_EXECUTIVE;
    this.functionCode = index & (FUNCTIONS - 1);
    this.name = entry?.name ?? `function 0x${this.functionCode.toString(16)}`;
    this.known = entry !== undefined;
    this.ofPort = entry?.className === 'lan' || entry?.className === 'window';
    this.several = severalOf(entry);
    this.since = entry?.since ?? 1;
    this.replyForm = entry?.replyForm ?? 'status';
    this.executive = entry?.className === 'executive';
    const request = entry?.request;
    const reply = entry?.reply;
    this.requestWords = request?.words ?? 4;
    this.replyWords = reply?.words ?? 5;
    this.sglWord = request?.sgl?.word ?? 0;
    this.sglAllowed = (request?.sgl?.elements ?? []).reduce((all, kind) => all | (SGL_BITS[kind] ?? 0), 0);
    this.sglCount = fieldNamed(request, request?.sgl?.count);
    this.listWord = request?.list?.word ?? 0;
    this.listStride = request?.list?.stride ?? 0;
    this.listCount = fieldNamed(request, request?.list === undefined ? undefined : 'count');
    this.requestChecks = checksOf(request);
    this.requestReserved = reservedBits(request, FIRST_OWN_WORD);
    const single = this.replyForm === 'single' || this.replyForm === 'overlaid';
    const afterStatus = this.replyForm === 'overlaid' ? 0 : 1;
    this.replyReserved = reservedBits(single ? reply : undefined, FIRST_OWN_WORD + afterStatus);
    this.replyChecks = checksOf(reply);
    this.namesSocket = hasField(request, 'socketId');
    this.wide = this.namesSocket || hasField(request, 'socketIdHigh');
    this.hasReplyMode = hasField(request, 'replyMode');
    this.replyNamesSocket = entry?.replyForm === 'single' && hasField(reply, 'socketId');
    this.replySocketMask = fieldNamed(reply, 'socketId')?.mask ?? 0;
    // Executive and utility messages name general codes in their place: see `generalStatuses`.
    if (entry?.className === 'socket') this.readErrno(entry, machines);
    const statuses = STATUSES[entry?.className ?? ''];
    if (statuses !== undefined)
      for (const { name } of entry?.errno ?? []) this.errno[statusNumber(name, statuses)] = 1;
    for (const { name } of entry?.errno ?? []) {
      const code = enumNamed('DetailedStatus')?.values.find((known) => known.name === name);
      if (code !== undefined) this.general[code.value] = 1;
    }
    this.unusual = this.since > 1 || this.functionCode === PRIVATE_ECHO;
    this.onRequest = machines.columns(`request ${this.name}`);
    this.onSuccess = machines.columns(`reply ${this.name} success`);
    this.onError = machines.columns(`reply ${this.name} error`);
    this.onPolledSuccess = machines.columns(`polled ${this.name} success`);
    this.onPolledError = machines.columns(`polled ${this.name} error`);
    this.polled = this.onPolledSuccess.iop !== UNNAMED;
    const condition = machines.socket.condition(`request ${this.name}`);
    this.conditionWord = condition?.word ?? 0;
    this.conditionLow = condition?.low ?? 0;
    this.conditionMask = condition?.mask ?? 0;
  }

  /** Whether a request asks for no answer whatever becomes of it. */
  silent(words: Int32Array, at: number): boolean {
    return this.hasReplyMode && getSocketCreateReplyMode(words, at) === REPLY_MODE_NEVER;
  }

  private readErrno({ errno }: MessageEntry, machines: Machines): void {
    for (const { name, in: states, also = [], elsewhere } of errno) {
      const number = errnoNumber(name);
      this.errno[number] = 1;
      if (states !== undefined) this.errnoStates[number] = machines.socket.bitsOf([...states, ...also]);
      if (elsewhere === true) this.errnoElsewhere[number] = 1;
    }
  }
}

/** The machines. */
export class Machines {
  readonly iop: Machine = machine('iop');
  readonly session: Machine = machine('session');
  readonly socket: Machine = machine('socket');
  readonly lan: Machine = machine('lan');
  readonly window: Machine = machine('window');

  columns(on: string): Columns {
    const { iop, session, socket, lan, window } = this;
    return {
      iop: iop.column(on),
      session: session.column(on),
      socket: socket.column(on),
      lan: lan.column(on),
      window: window.column(on),
    };
  }
}

/**
 * @param deviceClass name of the class the device speaks, as the trace's head has it.
 * @returns a row for each target and function.
 */
export function messageRows(machines: Machines, deviceClass: string): readonly MessageRow[] {
  const device = classNamed(deviceClass) === undefined ? 'executive' : deviceClass;
  return Array.from({ length: 2 * FUNCTIONS }, (_, index) => {
    const functionCode = index & (FUNCTIONS - 1);
    if (index < FUNCTIONS) return new MessageRow(index, messageOf('executive', functionCode), machines);
    // The private function is described with the executive's messages; only devices are sent it.
    const className = functionCode === PRIVATE_ECHO ? 'executive' : device;
    const known = device === 'executive' && functionCode !== PRIVATE_ECHO && functionCode >= CLASS_FUNCTIONS;
    return new MessageRow(index, known ? undefined : messageOf(className, functionCode), machines);
  });
}

/** @returns the row's index. // Hot path. */
export function rowIndex(target: number, functionCode: number): number {
  return target * FUNCTIONS + functionCode;
}

/** General DetailedStatusCodes, by number. */
export function generalStatuses(): Uint8Array {
  return flags('DetailedStatus');
}

/** By value: 1 where the enumeration has it. */
export function flags(enumeration: string): Uint8Array {
  const known = new Uint8Array(FUNCTIONS);
  for (const { value } of enumNamed(enumeration)?.values ?? []) known[value] = 1;
  return known;
}

function machine(name: string): Machine {
  const entry = machineNamed(name);
  if (entry === undefined) throw new Error(`spec/states.yaml has no machine "${name}"`);
  return new Machine(entry, messageNamed);
}

function checksOf(layout: LayoutEntry | undefined): FieldCheck[] {
  return (layout?.fields ?? []).filter(FieldCheck.bounds).map((field) => new FieldCheck(field));
}

/** @returns by word, from the first on, the bits that no field names; as long as the part before any list. */
function reservedBits(layout: LayoutEntry | undefined, first: number): Int32Array {
  if (layout === undefined) return new Int32Array(0);
  const end = Math.min(layout.words, layout.sgl?.word ?? layout.words, layout.list?.word ?? layout.words);
  const reserved = new Int32Array(Math.max(end, first)).fill(-1, first);
  for (const { word, low, high } of layout.fields) {
    const mask = high - low === 31 ? -1 : (2 ** (high - low + 1) - 1) << low;
    if (word < end) reserved[word] = reserved[word] & ~mask;
  }
  return reserved;
}

/**
 * The version of the class that a request to a device needs: that of its message, or of what it says beside.
 * // Hot path.
 */
export function versionOf(row: MessageRow, words: Int32Array, at: number, several: boolean): number {
  if (row.wide && (words[at + 4] & WIDE_BITS) !== 0) return VERSION_OF_WIDE_NUMBERS;
  if (row.several !== SEVERAL_MAY) return row.since;
  if (getSocketSendRecord(words, at) !== 0) return VERSION_OF_RECORDS;
  return several ? VERSION_OF_BATCHES : row.since;
}

function fieldNamed(layout: LayoutEntry | undefined, name: string | undefined): FieldCheck | undefined {
  const field = layout?.fields.find((candidate) => candidate.name === name);
  return field === undefined ? undefined : new FieldCheck(field);
}

function hasField(layout: LayoutEntry | undefined, name: string): boolean {
  return layout?.fields.some((field) => field.name === name) ?? false;
}

function severalOf(entry: MessageEntry | undefined): number {
  if (entry?.multiple === true) return SEVERAL_ALWAYS;
  return entry?.className === 'socket' && entry.function === SOCKET_SEND ? SEVERAL_MAY : SEVERAL_NEVER;
}

/** @param of enumeration of the class; what the device does not serve is refused by one of DetailedStatus. */
function statusNumber(name: string, of: string): number {
  for (const enumeration of [of, 'DetailedStatus']) {
    const known = enumNamed(enumeration)?.values.find((entry) => entry.name === name);
    if (known !== undefined) return known.value;
  }
  throw new Error(`no DetailedStatusCode is called ${name}`);
}
