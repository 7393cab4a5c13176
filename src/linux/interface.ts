/**
 * The kernel's side of a network interface: its flags, MTU and IPv4 address, as `ip` shows and sets them
 * (netdevice(7); linux/sockios.h). Each call makes a socket for its length, since `ioctl` wants one.
 */
import { assert } from '../assert/assert.ts';
import type { Libc } from './libc.ts';

/** linux/sockios.h. */
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const SIOCGIFADDR = 0x8915;
const SIOCSIFADDR = 0x8916;
const SIOCSIFNETMASK = 0x891c;
const SIOCGIFMTU = 0x8921;
const IFF_UP = 1;
/** `struct ifreq`: the name, then a union. */
const REQUEST_BYTES = 40;
const UNION = 16;
const NAME_BYTES_MAX = 15;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

export class Interface {
  /** Why the last call failed. */
  errno = 0;
  private readonly libc: Libc;
  private readonly name: string;

  constructor(libc: Libc, name: string) {
    assert(Buffer.byteLength(name) <= NAME_BYTES_MAX, 'interface: its name has been looked at');
    this.libc = libc;
    this.name = name;
  }

  get isUp(): boolean {
    const request = this.request();
    return this.call(SIOCGIFFLAGS, request) && (request.readInt16LE(UNION) & IFF_UP) !== 0;
  }

  /** @returns whether it is up now. */
  bringUp(): boolean {
    const request = this.request();
    if (!this.call(SIOCGIFFLAGS, request)) return false;
    request.writeInt16LE(request.readInt16LE(UNION) | IFF_UP, UNION);
    return this.call(SIOCSIFFLAGS, request);
  }

  /** Largest IPv4 packet, in bytes; 0 where it cannot be told. */
  get mtu(): number {
    const request = this.request();
    return this.call(SIOCGIFMTU, request) ? request.readInt32LE(UNION) : 0;
  }

  /** Whether the kernel has an IPv4 address on it, be there a carrier or not. */
  get hasAddress(): boolean {
    return this.call(SIOCGIFADDR, this.request());
  }

  /** @param address an int32. @returns whether the kernel has it on this interface now. */
  setAddress(address: number, prefixLength: number): boolean {
    assert(prefixLength >= 0 && prefixLength <= 32, 'interface: a prefix has 0 to 32 bits');
    const mask = prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
    return (
      this.call(SIOCSIFADDR, this.socketAddress(address)) &&
      this.call(SIOCSIFNETMASK, this.socketAddress(mask))
    );
  }

  private request(): Buffer {
    const request = Buffer.alloc(REQUEST_BYTES);
    request.write(this.name, 'utf8');
    return request;
  }

  private socketAddress(address: number): Buffer {
    const request = this.request();
    request.writeUInt16LE(AF_INET, UNION);
    request.writeInt32BE(address, UNION + 4);
    return request;
  }

  private call(what: number, request: Buffer): boolean {
    const { libc } = this;
    const socket = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
      this.errno = libc.errno();
      return false;
    }
    const done = libc.ioctl(socket, what, request) === 0;
    if (!done) this.errno = libc.errno();
    libc.close(socket);
    return done;
  }
}
