/**
 * Says on stderr what of a program stays the kernel's although its card is on a network: whoever runs it
 * there would else look for it on the wrong interface. Each thing is said once.
 */
import type { Socket } from 'node:dgram';
import { subscribe } from 'node:diagnostics_channel';
import { NOT_ITS_ADDRESS } from './routes.ts';

/** A program that connects to ever new addresses is told of so many. */
const ADDRESSES_MAX = 16;

export class KernelNotices {
  private readonly said = new Set<string>();
  private readonly write: (line: string) => void;
  private readonly network: string;

  /** @param network what the card is on: the TAP's name. @param write takes a line; by default, stderr. */
  constructor(network: string, write: (line: string) => void = (line) => process.stderr.write(line)) {
    this.network = network;
    this.write = write;
  }

  /** From now on IPv6 sockets of `node:dgram` are told of. */
  watchDatagrams(): void {
    subscribe('udp.socket', (message) => {
      const { type } = (message as { socket: Socket }).socket as Socket & { readonly type?: string };
      if (type !== 'udp6') return;
      const why = 'the card has no IPv6';
      this.say('datagrams', `datagrams of udp6 sockets are the kernel's, not by ${this.network}: ${why}`);
    });
  }

  /** A connection has been left to the kernel. @param reason one of `routes.ts`. */
  connection(text: string, port: number, ipv6: boolean, reason: string): void {
    if (reason !== NOT_ITS_ADDRESS || this.said.size > ADDRESSES_MAX) return;
    const why = ipv6 && text.includes(':') ? 'the card has no IPv6' : 'the card has no route there';
    this.say(text, `the connection to ${text} port ${port} is the kernel's, not by ${this.network}: ${why}`);
  }

  private say(key: string, text: string): void {
    if (this.said.has(key)) return;
    this.said.add(key);
    this.write(`inic: ${text}\n`);
  }
}
