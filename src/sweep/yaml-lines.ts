/** A YAML text as data that knows on which line each of its keys stands. */
import { isMap, isScalar, isSeq, LineCounter } from 'yaml';
import { inFile, parseYaml } from '../plans/yaml.ts';

export class YamlLines {
  readonly data: unknown;
  private readonly file: string;
  private readonly lines = new LineCounter();
  private readonly root: unknown;

  /** @throws RangeError of one line that begins with file and line. */
  constructor(text: string, file: string) {
    this.file = file;
    const { data, document } = parseYaml(text, inFile(file), this.lines);
    this.data = data;
    this.root = document.contents;
  }

  /**
   * @param path of a key, its parts separated by dots; keys may have dots in them. The last part may be the
   * number of an item of a list, or of a line of a text of several lines, from 0.
   * @returns file and line of the last part of the path that is there.
   */
  place(path: string): string {
    let offset = 0;
    let node = this.root;
    let parts = path.split('.');
    while (parts.length > 0 && isMap(node)) {
      const { items } = node;
      const found = parts
        .map((_, i) => parts.length - i)
        .map((length) => ({
          length,
          item: items.find(({ key }) => keyOf(key) === parts.slice(0, length).join('.')),
        }))
        .find(({ item }) => item !== undefined);
      if (found?.item === undefined) break;
      const { item, length } = found;
      if (isScalar(item.key) && item.key.range) offset = item.key.range[0];
      node = item.value;
      parts = parts.slice(length);
    }
    const within = parts.length === 1 ? this.lineWithin(node, Number(parts[0])) : undefined;
    return `${this.file}:${within ?? this.lines.linePos(offset).line}`;
  }

  /** The line of an item, or of a line of text that begins behind its key. */
  private lineWithin(node: unknown, index: number): number | undefined {
    if (!Number.isInteger(index)) return undefined;
    if (isSeq(node)) {
      const item = node.items[index];
      return isScalar(item) && item.range ? this.lines.linePos(item.range[0]).line : undefined;
    }
    if (!isScalar(node) || !node.range || !node.type?.startsWith('BLOCK')) return undefined;
    return this.lines.linePos(node.range[0]).line + 1 + index;
  }
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}
