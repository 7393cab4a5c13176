import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as codes from '../../src/i2o/executive.gen.ts';
import * as f from '../../src/i2o/frame.ts';
import { UTIL_NOP } from '../../src/i2o/utility.gen.ts';

const words = new Int32Array(64);

describe('header', () => {
  it('of a NOP from host to IOP is the I2O 1.5 example', () => {
    f.writeHeader(words, 5, 0, 0, 3, 0, 1, UTIL_NOP, 0, 0);
    expect([...words.subarray(5, 8)]).toEqual([0x00030001, 0x00001000, 0]);
  });

  it('of a UtilParamsGet to TID 0x123 is the I2O 1.5 example', () => {
    f.writeHeader(words, 0, 5, 0, 9, 0x123, 1, 0x06, 7, 8);
    expect([...words.subarray(0, 4)]).toEqual([0x00090051, 0x06001123, 7, 8]);
  });

  it('is read as it was written', () => {
    const twelve = fc.integer({ min: 0, max: 0xfff });
    const byte = fc.integer({ min: 0, max: 0xff });
    const size = fc.integer({ min: 16, max: f.FRAME_WORDS });
    const offset = fc.oneof(fc.constant(0), fc.integer({ min: f.HEADER_WORDS, max: 15 }));
    fc.assert(
      fc.property(
        offset,
        byte,
        size,
        twelve,
        twelve,
        byte,
        fc.integer(),
        fc.integer(),
        (o, fl, s, t, i, c, ic, tc) => {
          f.writeHeader(words, 3, o, fl, s, t, i, c, ic, tc);
          expect(f.frameVersion(words, 3)).toBe(f.VERSION_1_5);
          expect(f.frameSglOffset(words, 3)).toBe(o);
          expect(f.frameFlags(words, 3)).toBe(fl);
          expect(f.frameSizeWords(words, 3)).toBe(s);
          expect(f.frameTarget(words, 3)).toBe(t);
          expect(f.frameInitiator(words, 3)).toBe(i);
          expect(f.frameFunction(words, 3)).toBe(c);
          expect(f.frameInitiatorContext(words, 3)).toBe(ic);
          expect(f.frameTransactionContext(words, 3)).toBe(tc);
        },
      ),
    );
  });
});

describe('checkRequestFrame', () => {
  const rows: [string, number, number][] = [
    ['3 words', 0x00030001, codes.FAILURE_CODE_FRAME_TOO_SMALL],
    ['a whole frame with a list in its last word that can be named', 0x002000f1, 0],
    ['MULTIPLE', 0x00041001, 0],
    ['version 1.0', 0x00040000, codes.FAILURE_CODE_INVALID_VERSION],
    ['version 2.0', 0x00040002, codes.FAILURE_CODE_INVALID_VERSION],
    ['2 words', 0x00020001, codes.FAILURE_CODE_FRAME_TOO_SMALL],
    ['33 words', 0x00210001, codes.FAILURE_CODE_FRAME_TOO_LARGE],
    ['65535 words', 0xffff0001 | 0, codes.FAILURE_CODE_FRAME_TOO_LARGE],
    ['REPLY', 0x00048001, codes.FAILURE_CODE_INVALID_MESSAGE_FLAGS],
    ['STATIC', 0x00040101, codes.FAILURE_CODE_INVALID_MESSAGE_FLAGS],
    ['64-bit contexts', 0x00040201, codes.FAILURE_CODE_INVALID_MESSAGE_FLAGS],
    ['a list in the header', 0x00040021, codes.FAILURE_CODE_INVALID_OFFSET],
    ['a list past the end', 0x00040041, codes.FAILURE_CODE_INVALID_OFFSET],
  ];
  it.each(rows)('%s', (_what, word, expected) => {
    words[0] = word;
    words[1] = 0x80001010 | 0;
    expect(f.checkRequestFrame(words, 0)).toBe(expected);
  });

  it('takes 3 words for a NOP, which has no context', () => {
    words[0] = 0x00030001;
    words[1] = 0x00001000;
    expect(f.checkRequestFrame(words, 0)).toBe(0);
  });
});

describe('checkReplyFrame', () => {
  const rows: [string, number, number][] = [
    ['5 words', 0x0005c001, 0],
    ['a failure record', 0x0009e001, 0],
    ['no REPLY', 0x00054001, codes.FAILURE_CODE_INVALID_MESSAGE_FLAGS],
    ['64-bit contexts', 0x0005c201, codes.FAILURE_CODE_INVALID_MESSAGE_FLAGS],
    ['4 words', 0x0004c001, codes.FAILURE_CODE_FRAME_TOO_SMALL],
    ['a cut failure record', 0x0008e001, codes.FAILURE_CODE_FRAME_TOO_SMALL],
    ['33 words', 0x0021c001, codes.FAILURE_CODE_FRAME_TOO_LARGE],
    ['version 1.0', 0x0005c000, codes.FAILURE_CODE_INVALID_VERSION],
    ['a list past the end', 0x0005c051, codes.FAILURE_CODE_INVALID_OFFSET],
  ];
  it.each(rows)('%s', (_what, word, expected) => {
    words[0] = word;
    expect(f.checkReplyFrame(words, 0)).toBe(expected);
  });
});

describe('failure record', () => {
  it('is laid out as I2O 1.5 has it', () => {
    const code = codes.FAILURE_CODE_STATE_ERROR;
    words.fill(-1);
    f.writeFailure(words, 1, 0x010, 1, 0x89, 0x11, 0x22, f.SEVERITY_PATH_STATE, code, 2, 3, 0x4000);
    const expected = [0x0009e001, 0x89001010 | 0, 0x11, 0x22, 0x85040101 | 0, 0x00030002, 0, 0x4000, 0];
    expect([...words.subarray(1, 11)]).toEqual([...expected, -1]);
    expect(f.checkReplyFrame(words, 1)).toBe(0);
    expect(f.getFailureCode(words, 1)).toBe(code);
    expect(f.getFailureSeverity(words, 1)).toBe(f.SEVERITY_PATH_STATE);
    expect(f.getFailureLowestVersion(words, 1)).toBe(1);
    expect(f.getFailureHighestVersion(words, 1)).toBe(1);
    expect(f.getFailureIopId(words, 1)).toBe(2);
    expect(f.getFailureHostUnitId(words, 1)).toBe(3);
    expect(f.getFailurePreservedFrame(words, 1)).toBe(0x4000);
  });
});

describe('transaction error', () => {
  it('is laid out as I2O 1.5 has it', () => {
    const status = codes.DETAILED_STATUS_INVALID_PARAMETER;
    words.fill(-1);
    f.writeTransactionError(words, 1, 0x010, 1, 0x89, 0x11, 0x22, status, 20);
    expect([...words.subarray(1, 9)]).toEqual([
      0x0007c001,
      0x89001010 | 0,
      0x11,
      0x22,
      0x0b000011,
      20,
      0,
      -1,
    ]);
    expect(f.frameRequestStatus(words, 1)).toBe(codes.REQUEST_STATUS_TRANSACTION_ERROR);
    expect(f.frameDetailedStatus(words, 1)).toBe(status);
    expect(f.getErrorOffset(words, 1)).toBe(20);
  });
});
