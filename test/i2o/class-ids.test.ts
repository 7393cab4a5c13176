/** A device's class says who serves it: no two modules of ours have one number, nor one that I2O gave away. */
import { expect, it } from 'vitest';
import { ECHO_CLASS_ID, SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { classNamed, enumNamed } from '../../src/spec/catalogue.ts';

it('differs for each class of devices, and the table of classes has it', () => {
  const devices = CATALOGUE.classes.filter(({ name }) => name !== 'executive' && name !== 'utility');
  const ids = [...devices.map(({ id }) => id), ECHO_CLASS_ID];
  expect(ids.length).toBeGreaterThan(3);
  expect(new Set(ids).size).toBe(ids.length);
  const values = enumNamed('ClassId')!.values.map(({ value }) => value);
  expect(new Set(values).size).toBe(values.length);
  for (const id of ids) expect(values).toContain(id);
  expect(classNamed('socket')!.id).toBe(SOCKET_CLASS_ID);
});
