/** What can show a clause, in the order of the columns of the coverage table. */
export const COVERAGE_KINDS = ['rules', 'vectors', 'scenarios', 'runs', 'mutants', 'cuts', 'models'] as const;
export type CoverageKind = (typeof COVERAGE_KINDS)[number];
