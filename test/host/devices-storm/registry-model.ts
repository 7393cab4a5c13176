/**
 * What each call of the registry has to answer, kept apart from the registry itself: names, which hardware has
 * one, whether it is attached and active. Whether anything is in use is asked of the real thing.
 */
import { EBUSY, EEXIST, EINVAL, ENFILE, ENODEV, ENOPROTOOPT } from '../../../src/socket/errno.ts';

interface Entry {
  readonly hardware: number;
  attached: boolean;
  active: boolean;
}

/** Names that the storm tries, and what each is: a name, a pattern for one, or neither. */
export const NAMES: readonly (readonly [text: string, valid: boolean])[] = [
  ['toe%d', true],
  ['toe%d', true],
  ['toe1', true],
  ['offload-nic', true],
  ['%s', false],
  ['a/b', false],
  ['', false],
  ['.', false],
  ['sixteen-letters!', false],
];

export class RegistryModel {
  readonly entries = new Map<string, Entry>();
  /** Types of hardware that a module is there for; the others are their own. */
  readonly modules = new Set<number>();

  /** The name of a piece of hardware; undefined: it has none. */
  nameOf(hardware: number): string | undefined {
    return [...this.entries].find(([, entry]) => entry.hardware === hardware)?.[0];
  }

  /** @returns a place, 0 or more, or an errno. */
  register(hardware: number, [pattern, valid]: (typeof NAMES)[number]): number {
    if (!valid) return -EINVAL;
    if (this.nameOf(hardware) !== undefined) return -EEXIST;
    if (this.entries.size >= 32) return -ENFILE;
    let name = pattern;
    for (let i = 0; name.includes('%d') || (pattern.includes('%d') && this.entries.has(name)); i++) {
      name = pattern.replace('%d', String(i));
    }
    if (this.entries.has(name)) return -EEXIST;
    this.entries.set(name, { hardware, attached: false, active: false });
    return this.entries.size - 1;
  }

  unregister(name: string, busy: boolean): number {
    const entry = this.entries.get(name);
    if (entry === undefined) return -ENODEV;
    if (entry.active || busy) return -EBUSY;
    this.entries.delete(name);
    return 0;
  }

  attach(name: string): number {
    const entry = this.entries.get(name);
    if (entry === undefined) return -ENODEV;
    if (entry.attached) return -EEXIST;
    // The first card has two drivers, the second one that is both.
    if (entry.hardware === 0 && !this.modules.has(0)) return -ENOPROTOOPT;
    entry.attached = true;
    return 0;
  }

  detach(name: string, busy: boolean): number {
    const entry = this.entries.get(name);
    if (entry === undefined) return -ENODEV;
    if (!entry.attached) return -ENOPROTOOPT;
    if (entry.active || busy) return -EBUSY;
    entry.attached = false;
    return 0;
  }

  activate(name: string): number {
    const entry = this.entries.get(name);
    if (entry === undefined) return -ENODEV;
    if (!entry.attached) return -ENOPROTOOPT;
    if (entry.active) return -EBUSY;
    entry.active = true;
    return 0;
  }

  deactivate(name: string): number {
    const entry = this.entries.get(name);
    if (entry === undefined) return -ENODEV;
    if (!entry.active) return -EINVAL;
    entry.active = false;
    return 0;
  }

  addModule(): number {
    if (this.modules.has(0)) return -EEXIST;
    this.modules.add(0);
    return 0;
  }

  removeModule(): number {
    if (!this.modules.has(0)) return -ENOPROTOOPT;
    if ([...this.entries.values()].some(({ hardware, attached }) => hardware === 0 && attached))
      return -EBUSY;
    this.modules.delete(0);
    return 0;
  }
}
