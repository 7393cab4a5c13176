/** Placeholder replaced below. */
export interface Kernels {
  copy(destination: number, source: number, length: number): void;
  sum(offset: number, length: number, initial: number): number;
  copySum(destination: number, source: number, length: number, initial: number): number;
}
export declare function instantiateKernels(memory: WebAssembly.Memory): Kernels;
