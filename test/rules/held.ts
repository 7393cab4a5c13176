/** What an object holds in the heap, table by table: for the test that nothing grows after start. */

/**
 * Sizes of every array, map, set and buffer that can be reached from an object, by path. What functions close
 * over is not seen.
 * @param skip names of fields that are not followed.
 */
export function sizesHeld(root: object, skip: readonly string[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const seen = new Set<object>();
  const pending: [object, string][] = [[root, '']];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [object, path] = next;
    if (seen.has(object)) continue;
    seen.add(object);
    const size = sizeOf(object);
    if (size !== undefined) sizes.set(path, size);
    for (const [key, value] of partsOf(object)) {
      if (typeof value === 'object' && value !== null && !skip.includes(key)) {
        pending.push([value, `${path}.${key}`]);
      }
    }
  }
  return sizes;
}

function sizeOf(object: object): number | undefined {
  if (object instanceof Map || object instanceof Set) return object.size;
  if (object instanceof ArrayBuffer || object instanceof SharedArrayBuffer || ArrayBuffer.isView(object)) {
    return object.byteLength;
  }
  return Array.isArray(object) ? object.length : undefined;
}

function partsOf(object: object): [string, unknown][] {
  if (ArrayBuffer.isView(object)) return [];
  if (object instanceof Map) return [...object].map(([key, value]) => [String(key), value]);
  if (object instanceof Set) return [...object].map((value, i) => [String(i), value]);
  return Object.entries(object);
}

/** What is larger after than before, or new, as lines. */
export function grownSince(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): string[] {
  return [...after]
    .filter(([path, size]) => size > (before.get(path) ?? -1))
    .map(([path, size]) => `${path}: ${before.get(path) ?? 'not there'} to ${size}`);
}
