/**
 * What hosts of the time posted, word by word: Linux's core from power-on to parameters (drivers/message/i2o
 * of 2.4 and 2.6) and NetBSD's (sys/dev/i2o/iop.c, ld_iop.c). No encoder of ours makes these frames; addresses,
 * contexts that count and lengths of buffers are those of the scenario.
 */
import type { Scenario, ScenarioStep, Spot } from '../../../src/conform/card/vector-file.ts';
import { DEVICE_TID, HOST_TID } from '../../../src/i2o/tids.ts';
import * as s from './script.ts';
import { findMessage, type Specs } from './states.ts';
import type { Frame } from './vector.ts';

const PAGE_BYTES = 4096;
/** Set in the TransactionContext of a request that Linux waits for. */
const WAITING = 0x80000000;
/** Where the host keeps its things in the control area: what it asks for, and what it hands in. */
const ASKED = s.control(0);
const STATUS = s.control(1);
const HANDED = s.control(2);
const DRIVER = 1;
const STATE_RESET = { value: 0x00020000, mask: 0x00ff0000 };
const SYNC = { value: 0xff000000, mask: 0xff000000 };
const COMPLETE = 4;
const ONE_BLOCK = { value: 0x00000000, mask: 0xffff0000 };
const ENTRY_BYTES = 48;

type Words = readonly s.Part[];

/** Words 0 and 1. */
function head(words: number, listWord: number, code: number, tid = 0): Words {
  return [((words << 16) | (listWord << 4) | 1) >>> 0, ((code << 24) | (HOST_TID << 12) | tid) >>> 0];
}

/** A frame of these words, with the fields that our layouts find in it. */
function frameOf(specs: Specs, message: string, parts: Words): Frame {
  const { request } = findMessage(specs, message)!.message;
  const words = parts.map((part) => (typeof part === 'number' ? part >>> 0 : s.placeValue(part)));
  const fields = request.fields.map(({ name, word, bits: [low, high] = [0, 31] }) => {
    const value = Math.floor(words[word] / 2 ** low) % 2 ** (high - low + 1);
    return [name, value] as const;
  });
  const places = parts.flatMap((part, word) => (typeof part === 'number' ? [] : [{ word, ...part }]));
  return { words, fields: Object.fromEntries(fields), places };
}

interface Post {
  readonly message: string;
  readonly words: Words;
  /** Written before: where, and what. */
  readonly write?: readonly (readonly [Spot, Words])[];
  /** Held afterwards. */
  readonly read?: readonly (readonly [Spot, readonly s.Wanted[]])[];
  /** It is answered in memory, or not at all. */
  readonly quiet?: true;
}

function stepOf(specs: Specs, { message, words, write = [], read = [], quiet }: Post): ScenarioStep {
  const frame = frameOf(specs, message, words);
  return s.step(message, frame, {
    write: write.map(([at, parts]) => s.written(at, parts)),
    replies: quiet === true ? [] : [s.status(frame, s.SUCCESS, 0)],
    read: read.map(([at, parts]) => s.held(at, parts)),
  });
}

const at = ({ area, number }: Spot, offset: number): Spot => ({ area, number, offset });
const ZEROS: Words = [0, 0, 0];
const SYSTEM_TABLE: Words = [1, 1, ...Array.from({ length: 10 }, () => 0)];
const statusGet: Post = {
  message: 'ExecStatusGet',
  words: [...head(9, 0, 0xa0), 0, 0, 0, 0, ASKED, 0, 88],
  read: [[at(ASKED, 8), [STATE_RESET]], [at(ASKED, 84), [SYNC]]],
  quiet: true,
}; // biome-ignore format: a line each

/** @param size words of an outbound frame that the host asks for. @param listWord as its header says it. */
function outboundInit(size: number, context: number, listWord = 6): Post {
  const body = [0, context, PAGE_BYTES, (size << 16) | 0x80, 0xd0000004, STATUS];
  const done: Post['read'] = [[STATUS, [listWord === 0 ? 0 : COMPLETE]]];
  return {
    message: 'ExecOutboundInit',
    words: [...head(8, listWord, 0xa1), ...body],
    write: [[STATUS, [0]]],
    read: done,
    quiet: true,
  };
}

const linux: readonly Post[] = [
  statusGet,
  outboundInit(128, 0x0106),
  { message: 'ExecHrtGet', words: [...head(6, 4, 0xa8), 0, WAITING | 1, 0xd0000100, ASKED] },
  {
    message: 'ExecSysTabSet',
    words: [
      ...head(12, 6, 0xa3),
      ...[0, WAITING | 2, 2, 0, 0x54000000 | ENTRY_BYTES, HANDED, 0x54000000, 0, 0xd4000000, 0],
    ],
    write: [[HANDED, SYSTEM_TABLE]],
  },
  { message: 'ExecSysEnable', words: [...head(4, 0, 0xd1), 0, WAITING | 3] },
  {
    message: 'ExecLctNotify',
    words: [...head(8, 6, 0xa2), 0, WAITING | 4, 0xffffffff, 0, 0xd0000400, ASKED],
  },
  { message: 'UtilClaim', words: [...head(5, 0, 0x09, DEVICE_TID), DRIVER, WAITING | 5, 0x01000000] },
  {
    message: 'UtilParamsGet',
    words: [
      ...head(11, 5, 0x06, DEVICE_TID),
      ...[DRIVER, WAITING | 6, 0, 0x4c00000c, 0x00000001, 0xf1030001, 0x0000ffff, 0xd0000200, ASKED],
    ],
    write: [[ASKED, ZEROS]],
    read: [[ASKED, [1, ONE_BLOCK]]],
  },
  { message: 'UtilClaimRelease', words: [...head(5, 0, 0x0b, DEVICE_TID), DRIVER, WAITING | 7, 0x01000000] },
];

/** A wrapper's number in bits 0 to 11, and how often it was used. */
const wrapper = (use: number): number => use << 12;

const netbsd: readonly Post[] = [
  statusGet,
  outboundInit(32, wrapper(1)),
  { message: 'ExecHrtGet', words: [...head(6, 4, 0xa8), 0, wrapper(2), 0xd0000020, ASKED] },
  {
    message: 'ExecSysTabSet',
    words: [
      ...head(12, 6, 0xa3),
      ...[0, wrapper(3), 2 << 12, 0, 0x54000000 | ENTRY_BYTES, HANDED],
      ...[0x54000008, at(HANDED, 64), 0xd4000008, at(HANDED, 72)],
    ],
    write: [[HANDED, SYSTEM_TABLE], [at(HANDED, 64), [0, 0, 0, 0]]],
  },
  { message: 'ExecSysEnable', words: [...head(4, 0, 0xd1), 0, wrapper(4)] },
  {
    message: 'ExecLctNotify',
    words: [...head(8, 6, 0xa2), 0, wrapper(5), 0xffffffff, 0, 0xd0000400, ASKED],
  },
  {
    message: 'UtilParamsGet',
    words: [
      ...head(9, 5, 0x06, DEVICE_TID),
      ...[0, wrapper(6), 0, 0x5400000c, HANDED, 0xd0000100, ASKED],
    ],
    write: [[HANDED, [0x00000001, 0xf1000001, 0x0000ffff]], [ASKED, ZEROS]],
    read: [[ASKED, [1, ONE_BLOCK]]],
  },
  { message: 'UtilClaim', words: [...head(5, 0, 0x09, DEVICE_TID), DRIVER, wrapper(7), 0x01000038] },
  { message: 'UtilClaimRelease', words: [...head(5, 0, 0x0b, DEVICE_TID), DRIVER, wrapper(8), 0x01000000] },
]; // biome-ignore format: a line each

export function goldenScenarios(specs: Specs): Scenario[] {
  const scenario = (id: string, title: string, origin: string, posts: readonly Post[]): Scenario => ({
    id: `golden/${id}`,
    title,
    origin,
    state: 'reset',
    steps: posts.map((post) => stepOf(specs, post)),
  });
  const LINUX = 'Linux drivers/message/i2o (iop.c, exec-osm.c, device.c; SysTabSet as of 2.4, i2o_core.c)';
  const NETBSD = 'NetBSD sys/dev/i2o/iop.c (with list offsets as iop_msg_map writes them) and ld_iop.c';
  const LATER = 'NetBSD sys/dev/i2o/iop.c, iop_ofifo_init, which leaves the list offset of its header 0';
  return [
    scenario('linux', 'from power-on to the parameters of a device, as Linux went', LINUX, linux),
    scenario('netbsd', 'from power-on to the parameters of a device, as NetBSD went', NETBSD, netbsd),
    scenario(
      'netbsd-no-offset',
      'a list that its header does not name is not taken; then one that it does',
      LATER,
      [statusGet, outboundInit(32, 0, 0), ...netbsd],
    ),
  ];
}
