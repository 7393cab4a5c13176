/**
 * Divergences that the fuzzer finds and that wait for the part of the card that is being built. Each line goes when its part
 * is there; an empty list is the aim.
 */
export const KNOWN: readonly RegExp[] = [
  /^Socket(NameGet|SendTo): .* status 95$/, // version 2 of the socket class
  /^SocketReceive(Credit|Post): /, // the fast paths name other statuses than the generated checks
];
