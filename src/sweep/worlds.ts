/** Worlds that come with the product, by their names: `src/plans/worlds`. */
import { bundledFile, bundledNames } from '../plans/files.ts';
import { readYamlFile } from '../plans/yaml.ts';
import { shown } from '../world/config/complaint.ts';

/** @param name one of `bundledNames('worlds')`. @returns its description. */
export function bundledWorld(name: string): object {
  return readYamlFile(bundledFile('worlds', name)) as object;
}

/**
 * @param world a description, or the name of a bundled one. @param what it is called in a complaint.
 * @returns a description, of which no key has been looked at. @throws RangeError for anything else.
 */
export function worldAt(world: unknown, what: string): object {
  const names = bundledNames('worlds');
  if (typeof world === 'string' && names.includes(world)) return bundledWorld(world);
  if (typeof world === 'object' && world !== null && !Array.isArray(world)) return world;
  throw new RangeError(
    `${what} expected a world, or the name of one: ${names.join(', ')}, got ${shown(world)}`,
  );
}
