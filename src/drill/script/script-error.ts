/** What is wrong with a script, or beyond what can be judged here: both name file, line and column. */
import type { Place } from './ast.ts';

/** The text is no script: what was written, and what was expected. */
export class ScriptError extends Error {
  readonly file: string;
  readonly place: Place;

  constructor(file: string, place: Place, words: string) {
    super(`${file}:${place.line}:${place.column}: ${words}`);
    this.name = 'ScriptError';
    this.file = file;
    this.place = place;
  }
}

/** The script is one, and says something that is not served here: it is neither passed nor failed. */
export class NotJudged extends Error {
  readonly place: Place;
  /** The reason alone, without the place. */
  readonly reason: string;

  constructor(place: Place, reason: string) {
    super(reason);
    this.name = 'NotJudged';
    this.place = place;
    this.reason = reason;
  }
}
