/**
 * Why a file is left as it is where a verb is to write one of another kind.
 * @param path as the user wrote it. @param kind what the verb writes, in words.
 */
export function notOverwritten(path: string, kind: string): string {
  return `${path}: is no ${kind}, and is not overwritten: name another file, or move it away`;
}
