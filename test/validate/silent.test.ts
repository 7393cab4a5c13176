/** A program may never send anything: then no packet is missing, and a trace of it is judged whole. */
import { expect, it } from 'vitest';
import { Validator } from '../../src/validate/validator.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { play, Tape } from '../conformance/trace-surgery.ts';

const LOOPBACK = 0x7f000001;

function judged(talks: boolean, snapBytes: number): Validator {
  const tape = new Tape();
  const world = new VirtualWorld({ cards: [{}], traces: [{ sink: tape, snapBytes }] });
  const { stack, host } = world.cards[0];
  const listener = stack.socket();
  stack.bind(listener, LOOPBACK, 8000);
  stack.listen(listener, 1);
  const client = stack.socket();
  if (talks) stack.connect(client, LOOPBACK, 8000);
  stack.wait(50);
  for (const socket of [client, listener]) stack.close(socket);
  host.bringUp.quiesce();
  world.run(() => false, 1e9);
  world.cards[0].endTrace();
  const validator = new Validator();
  play(tape, validator);
  return validator;
}

it.each([
  ['nothing was sent', false, 65_535, []],
  ['packets were recorded', true, 65_535, []],
  ['packets were not recorded', true, 0, ['what packets show (rules P and D-03): no packets were recorded']],
] as const)('what is not judged where %s', (_, talks, snapBytes, open) => {
  const validator = judged(talks, snapBytes);
  expect(validator.findings.violations).toEqual([]);
  expect(validator.notJudged).toEqual(open);
});
