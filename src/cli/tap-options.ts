/** `--tap` of `inic run` and what goes with it: the card on a network of Linux's. */
import type { Command } from 'commander';
import type { TapOptions } from '../world/open/tap.ts';
import { UserError } from './errors.ts';

export interface TapFlags {
  readonly tap?: string;
  readonly address?: string;
  readonly gateway?: string;
  readonly hostAddress?: string;
  readonly checkAddress?: boolean;
}

export function addTapOptions(command: Command): Command {
  return command
    .option('--tap <name>', "put the card on a TAP interface of Linux's, or on a macvtap's /dev/tapN")
    .option('--address <address>', "the card's address there with its prefix, such as 10.9.0.2/24")
    .option('--gateway <address>', 'the next hop for what is not on its subnet')
    .option('--host-address <address>', "an address for the kernel's side of the TAP, such as 10.9.0.1")
    .option('--check-address', "ask the network first whether another station has the card's address");
}

/** What an option is called where the card's settings are. */
const FLAG_OF: Readonly<Record<string, string>> = {
  name: '--tap',
  address: '--address',
  gateway: '--gateway',
  hostAddress: '--host-address',
  checkAddress: '--check-address',
};

/** @throws UserError for options that want others. */
export function tapOptions(flags: TapFlags): TapOptions | undefined {
  const { tap, address, gateway, hostAddress, checkAddress } = flags;
  if (tap === undefined) {
    const beside = { address, gateway, hostAddress, checkAddress };
    const alone = Object.entries(beside).find(([, value]) => value !== undefined);
    if (alone === undefined) return undefined;
    throw new UserError(`${FLAG_OF[alone[0]]} wants --tap NAME beside it`);
  }
  if (address === undefined) {
    throw new UserError('--tap wants --address beside it, such as --address 10.9.0.2/24');
  }
  return {
    name: tap,
    address,
    ...(gateway === undefined ? {} : { gateway }),
    ...(hostAddress === undefined ? {} : { hostAddress }),
    ...(checkAddress === undefined ? {} : { checkAddress }),
  };
}

/** @returns a complaint of the card's with the options as the user wrote them. */
export function inFlags(message: string): string {
  return message.replace(/"tap\.(\w+)"/, (whole, key: string) => FLAG_OF[key] ?? whole);
}
