/** The conformance vectors, as `inic conform` reads them. */
export type * from '../../src/conform/card/vector-file.ts';
export * from '../../src/conform/card/vectors.ts';
