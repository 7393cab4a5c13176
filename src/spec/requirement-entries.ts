/** What published documents require of a TCP/IPv4 stack, as data: the types of `requirements.gen.ts`. */

/** How much a document asks, in its own words (RFC 2119). */
export const LEVELS = ['MUST', 'SHOULD', 'MAY'] as const;
export type Level = (typeof LEVELS)[number];

/** `does not apply`: nothing is asked of this stack, or it is an option that is not taken. */
export const STATUSES = ['met', 'not met', 'does not apply'] as const;
export type Status = (typeof STATUSES)[number];

/** What shows that a requirement is met. */
export interface Proof {
  /** A script, below test/scenario, or a test file, below test. */
  readonly file: string;
  /** Title of a test, or of a group of tests, as the file has it; a script has none. */
  readonly title?: string;
}

export interface Requirement {
  /** The document's own number, such as `MUST-13` of RFC 9293, or ours, such as `5961-4`. */
  readonly id: string;
  /** Where the document says it. */
  readonly section: string;
  readonly level: Level;
  /** What it asks, in our words. */
  readonly text: string;
  readonly status: Status;
  /** None unless it is met. */
  readonly shown: readonly Proof[];
  /** What is missing, or why nothing is asked; empty where it is met. */
  readonly reason: string;
}

export interface RequirementDocument {
  readonly rfc: number;
  readonly title: string;
  readonly requirements: readonly Requirement[];
}
