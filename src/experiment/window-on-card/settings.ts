/** What of the experiment can be set. */
import { profileNames } from '../../plans/profiles.ts';
import { type ExperimentSetting, SEEDS, type SettingValues } from '../claims/settings.ts';
import type { Run } from './world.ts';

const MEGABYTE = 1e6;

/** Costs of another time, for what a claim depends on. */
export const LATER = 'card-2005';

export const SETTINGS: readonly ExperimentSetting[] = [
  { ...SEEDS, preset: 3, what: 'how many seeds each figure of a link that loses is measured with' },
  { key: 'costs', what: 'what work costs: a profile', preset: 'card-2002', words: priced() },
  {
    key: 'hostSpeed',
    what: "how many times as fast as the profile's card the host runs TCP/IP",
    preset: 2,
    range: [0.1, 100],
    fractions: true,
  },
  {
    key: 'systemCall',
    what: 'nanoseconds of each call beside what the profile says',
    preset: 0,
    range: [0, 100_000],
  },
  { key: 'ports', what: 'ports of 1 Gbit/s on the one card', preset: 4, range: [1, 4] },
  { key: 'bus', what: 'megabytes a second that the one bus carries', preset: 1000, range: [50, 100_000] },
  { key: 'size', what: 'bytes of a write', preset: 65_536, range: [2048, 1 << 20] },
  {
    key: 'writes',
    what: 'writes of each stream that are measured, after as many more',
    preset: 120,
    range: [10, 10_000],
  },
  {
    key: 'loss',
    what: 'percent of frames that a link loses, where one loses any',
    preset: 1,
    range: [0.1, 5],
    fractions: true,
  },
  { key: 'cardMemory', what: 'KiB of card memory for the TCP window', preset: 8192, range: [64, 1 << 20] },
  { key: 'transmitShare', what: 'percent of it for what is sent', preset: 50, range: [1, 99] },
];

/** Profiles in which work takes time. */
function priced(): string[] {
  return profileNames().filter((name) => name !== 'none');
}

/** A plain host that sends by every port: what all other runs are changes of. */
export function baseOf(settings: SettingValues): Run {
  return {
    arm: 'host',
    direction: 'transmit',
    costs: settings.word('costs'),
    hostSpeed: settings.number('hostSpeed'),
    cardSpeed: 1,
    systemCallNs: settings.number('systemCall'),
    ports: settings.number('ports'),
    busBytesPerS: settings.number('bus') * MEGABYTE,
    size: settings.number('size'),
    writes: settings.number('writes'),
    lossProbability: 0,
    seed: 1,
    cardBytes: settings.number('cardMemory') * 1024,
    transmitShare: settings.number('transmitShare') / 100,
  };
}
