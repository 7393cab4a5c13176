/** What `inic spec` says that a malformed request draws is what the vectors expect of it. */
import { describe, expect, it } from 'vitest';
import { vectorFiles } from '../../src/conform/card/vectors.ts';
import { messageNamed } from '../../src/spec/catalogue.ts';
import { refusalsOf } from '../../src/spec/refusals.ts';

/** Files whose vectors are of one message and of one fault each. */
const FILES = ['executive.json', 'utility.json', 'socket.json', 'lan.json', 'window.json'];
/** What is wrong with words 0 and 1: said of the frame, and not of each message. */
const OF_THE_HEADER = ['InvalidOffset', 'InvalidMessageFlags'];

describe('what a malformed request draws', () => {
  it.each(FILES)('is what the vectors of %s expect', (path) => {
    const file = vectorFiles().find((one) => one.path === path)!;
    const wrong: string[] = [];
    let judged = 0;
    for (const { id, kind, message, expect: expected } of file.vectors) {
      const { answer, failureCode, detailedStatus } = expected;
      if (kind !== 'request' || (answer !== 'failure' && answer !== 'transactionError')) continue;
      const said = refusalsOf(messageNamed(message)!).map(({ status }) => status);
      const drawn = String(answer === 'failure' ? failureCode : detailedStatus);
      judged += 1;
      if (!said.includes(drawn) && !(answer === 'failure' && OF_THE_HEADER.includes(drawn)))
        wrong.push(`${id}: ${drawn}, and what is said is ${said}`);
    }
    expect(judged).toBeGreaterThan(10);
    expect(wrong).toEqual([]);
  });

  it('is a FailureCode where the reply has no status word, and says of MULTIPLE which messages take it', () => {
    const statuses = (name: string): string[] => refusalsOf(messageNamed(name)!).map(({ status }) => status);
    expect(statuses('UtilAbort')).toEqual(['FrameTooSmall', 'InvalidOffset', 'UnknownFailure']);
    expect(statuses('SocketBind')).toEqual(['InvalidMessageFlags', 'MessageTooSmall', 'InvalidOffset']);
    expect(statuses('SocketSend')).toEqual(['MessageTooSmall', 'InvalidOffset', 'InvalidParameter']);
    const [lan] = refusalsOf(messageNamed('LanPacketSend')!);
    expect(lan).toEqual({ status: 'InvalidMessageFlags', when: 'does not have the flag MULTIPLE' });
  });

  it('promises no answer where the list that names the place of the answer cannot be read', () => {
    const [size, offset, value] = refusalsOf(messageNamed('ExecOutboundInit')!);
    expect([size.status, offset.when]).toEqual(['MessageTooSmall', 'does not have its list at word 6']);
    expect(value.when).not.toContain('list');
  });
});
