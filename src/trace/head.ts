/**
 * Checks what a trace file's maps hold, once, at the boundary: heads and ends. Everything behind may rely on
 * it.
 */
import type { PoolArea } from '../dma/pool-area.ts';
import { SOCKET_ID_MAX } from '../i2o/socket-number.ts';
import { DEVICE_TID, FIRST_DEVICE_TID, NO_TID } from '../i2o/tids.ts';
import type { FrameArea, TraceDevice, TraceEnd, TraceHead, TraceMemory } from './sink.ts';

type Raw = Readonly<Record<string, unknown>>;

const REGION_BYTES_MAX = 0x7fff_ffff;
const FRAME_BYTES_MAX = 4096;
const COUNT_MAX = 1 << 20;

/** @throws RangeError of one line that names the first thing that is wrong. */
export function checkHead(value: unknown): TraceHead {
  const raw = record(value, 'the head');
  if (raw['version'] !== 1)
    throw new RangeError(
      `version ${String(raw['version'])} of the format is unknown, this inic reads version 1`,
    );
  const frameBytes = integer(raw['frameBytes'], 'frameBytes', 16, FRAME_BYTES_MAX);
  if (frameBytes % 4 !== 0) throw new RangeError(`"frameBytes" expected a multiple of 4, got ${frameBytes}`);
  const classes = list(raw['classes'], 'classes').map((entry) => {
    const spoken = record(entry, 'classes');
    return {
      name: text(spoken['name'], 'classes.name'),
      id: integer(spoken['id'], 'classes.id', 0, 0xfff),
      version: integer(spoken['version'], 'classes.version', 0, 15),
    };
  });
  return {
    format: 'inic-trace',
    version: 1,
    product: text(raw['product'], 'product'),
    transport: text(raw['transport'], 'transport'),
    startedAt: text(raw['startedAt'], 'startedAt'),
    frameBytes,
    classes,
    ...(raw['devices'] !== undefined && { devices: checkDevices(raw['devices'], classes) }),
    memory: checkMemory(raw['memory'], frameBytes / 4),
    socketsMax: integer(raw['socketsMax'], 'socketsMax', 1, SOCKET_ID_MAX + 1),
    command: list(raw['command'], 'command').map((word) => text(word, 'command')),
    configuration: record(raw['configuration'] ?? {}, 'configuration'),
  };
}

/** Every device has a TID of its own, and one is of a class that is spoken. */
function checkDevices(value: unknown, classes: TraceHead['classes']): readonly TraceDevice[] {
  const devices = list(value, 'devices').map((entry) => {
    const device = record(entry, 'devices');
    return {
      tid: integer(device['tid'], 'devices.tid', FIRST_DEVICE_TID, NO_TID - 1),
      classId: integer(device['classId'], 'devices.classId', 0, 0xfff),
    };
  });
  if (new Set(devices.map(({ tid }) => tid)).size < devices.length)
    throw new RangeError('"devices" expected each TID once');
  if (!devices.some(({ classId }) => classes.some(({ id }) => id === classId)))
    throw new RangeError('"devices" expected one of a class that is spoken');
  return devices;
}

/**
 * TID of the device that the host of a trace speaks to: the first of the class that is spoken beside the
 * executive's.
 */
export function deviceTidOf({ classes, devices = [] }: TraceHead): number {
  return devices.find(({ classId }) => classes.some(({ id }) => id === classId))?.tid ?? DEVICE_TID;
}

/** TIDs of all devices of that class, in their order: a card of network ports has one for each. */
export function deviceTidsOf(head: TraceHead): readonly number[] {
  const { classes, devices = [] } = head;
  const spoken = devices.find(({ classId }) => classes.some(({ id }) => id === classId))?.classId;
  if (spoken === undefined) return [deviceTidOf(head)];
  return devices.filter(({ classId }) => classId === spoken).map(({ tid }) => tid);
}

function checkMemory(value: unknown, frameWords: number): TraceMemory {
  const raw = record(value, 'memory');
  const regionBytes = integer(raw['regionBytes'], 'memory.regionBytes', 1, REGION_BYTES_MAX);
  const control = record(raw['control'], 'memory.control');
  const memory: TraceMemory = {
    regionBytes,
    inbound: frameArea(raw['inbound'], 'memory.inbound', frameWords),
    outbound: frameArea(raw['outbound'], 'memory.outbound', frameWords),
    transmit: poolArea(raw['transmit'], 'memory.transmit'),
    receive: poolArea(raw['receive'], 'memory.receive'),
    immediate: poolArea(raw['immediate'], 'memory.immediate'),
    ...(raw['packets'] !== undefined && { packets: poolArea(raw['packets'], 'memory.packets') }),
    ...(raw['headers'] !== undefined && { headers: poolArea(raw['headers'], 'memory.headers') }),
    control: {
      offset: integer(control['offset'], 'memory.control.offset', 0, REGION_BYTES_MAX),
      byteLength: integer(control['byteLength'], 'memory.control.byteLength', 0, REGION_BYTES_MAX),
    },
  };
  checkApart(memory);
  return memory;
}

/** Every part lies in the region, and none in another. */
function checkApart({ regionBytes, inbound, outbound, control, ...pools }: TraceMemory): void {
  const parts = [
    ...Object.entries({ inbound, outbound }).map(([name, { firstWord, count, strideWords }]) => ({
      name,
      start: firstWord * 4,
      bytes: count * strideWords * 4,
    })),
    ...Object.entries(pools).map(([name, { offset, count, bufferBytes }]) => ({
      name,
      start: offset,
      bytes: count * bufferBytes,
    })),
    { name: 'control', start: control.offset, bytes: control.byteLength },
  ].sort((a, b) => a.start - b.start);
  parts.forEach(({ name, start, bytes }, i) => {
    const next = parts[i + 1];
    const room = next?.start ?? regionBytes;
    if (start + bytes <= room && start + bytes <= regionBytes) return;
    const what =
      start + bytes > regionBytes ? `the region of ${regionBytes}` : `"memory.${next?.name}", at ${room}`;
    throw new RangeError(`"memory.${name}", ${bytes} bytes at ${start}, reaches past ${what}`);
  });
}

function frameArea(value: unknown, name: string, frameWords: number): FrameArea {
  const raw = record(value, name);
  const firstMfa = raw['firstMfa'];
  return {
    ...(firstMfa !== undefined && { firstMfa: integer(firstMfa, `${name}.firstMfa`, 0, REGION_BYTES_MAX) }),
    firstWord: integer(raw['firstWord'], `${name}.firstWord`, 0, REGION_BYTES_MAX >> 2),
    count: integer(raw['count'], `${name}.count`, 1, COUNT_MAX),
    strideWords: integer(raw['strideWords'], `${name}.strideWords`, frameWords, FRAME_BYTES_MAX),
  };
}

function poolArea(value: unknown, name: string): PoolArea {
  const raw = record(value, name);
  return {
    offset: integer(raw['offset'], `${name}.offset`, 0, REGION_BYTES_MAX),
    count: integer(raw['count'], `${name}.count`, 1, COUNT_MAX),
    bufferBytes: integer(raw['bufferBytes'], `${name}.bufferBytes`, 1, REGION_BYTES_MAX),
  };
}

/** @throws RangeError of one line that names the first thing that is wrong. */
export function checkEnd(value: unknown): TraceEnd {
  const raw = record(value, 'the end');
  return {
    host: counters(raw['host'], 'host'),
    iop: counters(raw['iop'], 'iop'),
    lost: integer(raw['lost'], 'lost', 0, Number.MAX_SAFE_INTEGER),
  };
}

function counters(value: unknown, name: string): Readonly<Record<string, number>> {
  const raw = record(value, name);
  for (const [counter, count] of Object.entries(raw)) {
    if (typeof count !== 'number') throw new RangeError(`"${name}.${counter}" expected a number`);
  }
  return raw as Readonly<Record<string, number>>;
}

export function isRecord(value: unknown): value is Raw {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function record(value: unknown, name: string): Raw {
  if (!isRecord(value)) throw new RangeError(`"${name}" expected a map`);
  return value;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new RangeError(`"${name}" expected a list`);
  return value;
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new RangeError(`"${name}" expected a text`);
  return value;
}

function integer(value: unknown, name: string, low: number, high: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < low || (value as number) > high) {
    throw new RangeError(`"${name}" expected a whole number from ${low} to ${high}, got ${String(value)}`);
  }
  return value as number;
}
