/** Where a result came from. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { beginManifest, endManifest, packageVersion } from '../../src/record/manifest.ts';
import type { BenchOptions } from '../../src/record/row.ts';
import { BENCH_OPTIONS } from '../measure/options.ts';

const options: BenchOptions = { ...BENCH_OPTIONS, repeats: 7, repeatsMax: 7 };

describe('a manifest', () => {
  const begun = beginManifest(options, ['inic', 'bench']);

  it('says what ran, on what, and when', () => {
    const manifest = endManifest(begun, { inic: { seed: 5 }, inicMessage: null });
    expect(manifest.commandLine).toEqual(['inic', 'bench']);
    expect(manifest.workload).toBe(options);
    expect(manifest.repeats).toBe(7);
    expect(manifest.seed).toBe(5);
    expect(manifest.versions.node).toBe(process.versions.node);
    expect(manifest.machine.cores).toBeGreaterThan(0);
    const { start, end } = manifest.interval;
    expect(Date.parse(end)).toBeGreaterThanOrEqual(Date.parse(start));
    expect('start' in manifest).toBe(false);
  });

  it('has the whole configuration of both sides', () => {
    const { configuration } = endManifest(begun, { inic: { mtu: 65_535 }, inicMessage: { a: 1 } });
    expect(configuration.inic).toEqual({ mtu: 65_535 });
    expect(configuration.inicMessage).toEqual({ a: 1 });
    expect(Object.keys(configuration.kernel)).toContain('loopbackMtu');
    for (const value of Object.values(configuration.kernel)) expect(value).not.toBe('');
  });

  it('has no seed without a card', () => {
    expect(endManifest(begun, { inic: null, inicMessage: null }).seed).toBeNull();
    expect(endManifest(begun, { inic: { seed: 'x' }, inicMessage: null }).seed).toBeNull();
  });
});

it('the version is that of package.json', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(packageVersion()).toBe(manifest.version);
});
