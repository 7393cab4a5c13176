/** Vectors of the header: what is wrong with a frame before anybody looks at its message. */
import { FRAME_WORDS, type Message } from '../model.ts';
import { buildFrame, type Damage, type Spec } from './frames.ts';
import { failed } from './requests.ts';
import type { Answer, Vector } from './vector.ts';

/** FailureCodes (FreeBSD sys/dev/asr/i2omsg.h). */
const VERSIONS = [0, 2, 3, 7];
const REQUEST_FLAGS = [0x01, 0x02, 0x04, 0x08, 0x20, 0x40, 0x80, 0xff];
const TARGETS = [2, 0x00f, 0x011, 0x123, 0xfff];
const INITIATORS = [0, 2, 0x010, 0xfff];

/** @param message a request of the device without a list, which everything else is right with. */
export function headerVectors(spec: Spec, message: Message, functions: readonly number[]): readonly Vector[] {
  const all: Vector[] = [];
  const add = (what: string, title: string, damage: Damage, expect: Answer): void => {
    const frame = buildFrame(spec, message, 'request', {}, damage);
    all.push({
      id: `header/${what}`,
      title,
      message: message.name,
      kind: 'request',
      since: 1,
      frame,
      expect,
    });
  };
  for (const version of VERSIONS)
    add(`version-${version}`, `version ${version}`, { version }, failed('InvalidVersion', 0x88));
  for (const flags of REQUEST_FLAGS) {
    add(
      `flags-${flags}`,
      `flags 0x${flags.toString(16).padStart(2, '0')} in a request`,
      { flags },
      failed('InvalidMessageFlags', 0x8a),
    );
  }
  for (const size of [0, 1, 2, 3])
    add(`size-${size}`, `a size of ${size} words`, { size }, failed('FrameTooSmall', 0x8b));
  for (const size of [FRAME_WORDS + 1, 255, 65535]) {
    add(`size-${size}`, `a size of ${size} words`, { size }, failed('FrameTooLarge', 0x8c));
  }
  add(
    'offset',
    'a list behind the end',
    { sglOffset: 15, size: message.request.words },
    failed('InvalidOffset', 0x89),
  );
  for (const target of TARGETS)
    add(`target-${target}`, `TID ${target} is nobody's`, { target }, failed('InvalidTargetId', 0x8d));
  for (const initiator of INITIATORS) {
    add(
      `initiator-${initiator}`,
      `TID ${initiator} is not the host's`,
      { initiator },
      failed('InvalidInitiatorId', 0x8e),
    );
  }
  const unknown: Answer = { answer: 'error', statuses: ['UnknownFunction'] };
  for (const code of functions) {
    const name = code.toString(16).padStart(2, '0');
    add(`device-function-${name}`, `function 0x${name} of the device`, { function: code }, unknown);
    add(
      `executive-function-${name}`,
      `function 0x${name} of the executive`,
      { function: code, target: 0 },
      unknown,
    );
  }
  return all;
}
