/**
 * Brings the answers of a recording and of its replay together. Each answer is put in under a key; the first
 * unpaired one of either side under the same key make a pair. At the end, what has no partner is left over.
 */

export interface Answer<T> {
  /** Number of the recorded frame; 0 in the replay. */
  readonly frame: number;
  readonly value: T;
}

export class AnswerPairs<T> {
  /** How many pairs were made. */
  pairs = 0;
  private readonly recorded = new Map<string, Answer<T>[]>();
  private readonly replayed = new Map<string, Answer<T>[]>();
  private readonly compare: (recorded: Answer<T>, replayed: Answer<T>) => void;

  /** @param compare called for each pair. */
  constructor(compare: (recorded: Answer<T>, replayed: Answer<T>) => void) {
    this.compare = compare;
  }

  addRecorded(key: string, answer: Answer<T>): void {
    const partner = take(this.replayed, key);
    if (partner === undefined) put(this.recorded, key, answer);
    else this.pair(answer, partner);
  }

  addReplayed(key: string, answer: Answer<T>): void {
    const partner = take(this.recorded, key);
    if (partner === undefined) put(this.replayed, key, answer);
    else this.pair(partner, answer);
  }

  /** Whether a recorded answer of this key still has no partner. */
  waits(key: string): boolean {
    return this.recorded.has(key);
  }

  /** Recorded answers without a partner. */
  get missing(): [key: string, answer: Answer<T>][] {
    return [...this.recorded].flatMap(([key, answers]) =>
      answers.map((answer) => [key, answer] as [string, Answer<T>]),
    );
  }

  /** Replayed answers without a partner, by key. */
  get extra(): [key: string, answers: readonly Answer<T>[]][] {
    return [...this.replayed];
  }

  private pair(recorded: Answer<T>, replayed: Answer<T>): void {
    this.pairs += 1;
    this.compare(recorded, replayed);
  }
}

function put<T>(map: Map<string, Answer<T>[]>, key: string, answer: Answer<T>): void {
  const answers = map.get(key);
  if (answers === undefined) map.set(key, [answer]);
  else answers.push(answer);
}

function take<T>(map: Map<string, Answer<T>[]>, key: string): Answer<T> | undefined {
  const answers = map.get(key);
  const answer = answers?.shift();
  if (answers?.length === 0) map.delete(key);
  return answer;
}
