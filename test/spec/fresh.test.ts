import { describe, expect, it } from 'vitest';
import { generateAll } from '../../spec/generator/all.ts';
import { readRepositoryFile } from './repository.ts';

const files = await generateAll(readRepositoryFile);

describe('generated files', () => {
  it.each([...files])('%s is what the spec says', (path, text) => {
    expect(readRepositoryFile(path) === text, `${path} is stale: run npm run generate`).toBe(true);
  });

  it('come out the same twice', async () => {
    expect(await generateAll(readRepositoryFile)).toEqual(files);
  });
});
