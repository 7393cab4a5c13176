/**
 * Seeds every property test, so that a run depends on nothing but the tree. `INIC_SEED=N npm test` tries
 * other inputs, and `INIC_SEED=random` tries new ones each time; a failure prints the seed that repeats it.
 */
import fc from 'fast-check';

const wish = process.env.INIC_SEED ?? '20261128';

if (wish !== 'random') {
  const seed = Number(wish);
  if (!Number.isInteger(seed)) throw new Error(`INIC_SEED=${wish}: give a whole number or the word "random"`);
  fc.configureGlobal({ seed });
}
