/** YAML as plain data, whose complaints are one line each. */
import { type Document, type LineCounter, parseDocument } from 'yaml';
import { readText } from './files.ts';

/** The data of a text, and its document, which knows where each part stands. */
export interface Yaml {
  readonly data: unknown;
  readonly document: Document;
}

/** Words the complaint that a text is no YAML. @param line undefined where none is to blame. */
export type YamlComplaint = (words: string, line: number | undefined) => string;

/** @throws RangeError also for aliases that name no anchor, or would unfold to far more than was written. */
export function parseYaml(text: string, complaint: YamlComplaint, lineCounter?: LineCounter): Yaml {
  const document = parseDocument(text, { uniqueKeys: true, ...(lineCounter && { lineCounter }) });
  const [error] = document.errors;
  if (error !== undefined) {
    const words =
      error.code === 'MULTIPLE_DOCS'
        ? 'a second document begins here: expected one'
        : firstLine(error).replace(/ at line \d+, column \d+:?$/, '');
    throw new RangeError(complaint(words, error.linePos?.[0].line));
  }
  try {
    return { data: document.toJS(), document };
  } catch (failure) {
    throw new RangeError(complaint(firstLine(failure), undefined));
  }
}

/** Complaints that begin with a file, and with the line where one is to blame. */
export function inFile(path: string): YamlComplaint {
  return (words, line) => `${path}${line === undefined ? '' : `:${line}`}: ${words}`;
}

/** @throws RangeError of one line that begins with the file, and with the line where it is no YAML. */
export function readYamlFile(path: string): unknown {
  return parseYaml(readText(path), inFile(path)).data;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0];
}
