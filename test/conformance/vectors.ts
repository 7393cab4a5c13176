/** The conformance vectors, as `inic conform` reads them. */
export * from '../../src/conform/card/vectors.ts';
