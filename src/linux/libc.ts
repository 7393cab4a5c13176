/**
 * libc's socket calls, and those that a TAP needs, through koffi. That package is optional: without it the
 * kernel cannot be measured by socket calls, only through `node:net`. Every call returns what it does in C;
 * after -1, `errno()` is the reason.
 *
 * Arguments are plain numbers and typed arrays, whose addresses koffi passes without a copy, so a call
 * allocates next to nothing: 0.2 bytes, while a pointer or a 64-bit result would be a heap number of 16 to
 * 40.
 */
import { createRequire } from 'node:module';

export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: null, length: null, flags: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  sendto(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  recvfrom(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: Int32Array,
  ): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Int32Array, length: Int32Array): number;
  getsockname(fd: number, address: Uint8Array, length: Int32Array): number;
  getpeername(fd: number, address: Uint8Array, length: Int32Array): number;
  poll(fds: Uint8Array, count: number, timeoutMs: number): number;
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: Uint8Array): number;
  epollWait(epoll: number, events: Uint8Array, eventsMax: number, timeoutMs: number): number;
  schedGetaffinity(thread: number, bytes: number, mask: Uint8Array): number;
  schedSetaffinity(thread: number, bytes: number, mask: Uint8Array): number;
  clockGettime(clock: number, time: Int32Array): number;
  /** @param request of an interface or a device. @param argument what it points to. */
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** The same where the argument is no pointer. */
  ioctlValue(fd: number, request: number, argument: number): number;
  /** @param vectors `struct iovec` of 16 bytes each. */
  readv(fd: number, vectors: Int32Array, count: number): number;
  writev(fd: number, vectors: Int32Array, count: number): number;
  read(fd: number, bytes: Uint8Array, length: number): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  eventfd(count: number, flags: number): number;
  /** @param view whose memory is replaced by the file's. @returns an address, or -1. */
  mmap(
    view: Uint8Array,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): number | bigint;
  /** Absent in a libc that has no such call. @param flags MFD_ of linux/memfd.h. */
  memfdCreate: ((name: string, flags: number) => number) | undefined;
  /** @param argument of commands that take a number. */
  fcntl(fd: number, command: number, argument: number): number;
  /** @param timeout `struct timespec`. @param mask must be null. */
  ppoll(fds: Int32Array, count: number, timeout: Int32Array, mask: null): number;
  /** Where the first byte of a view lies in this process, below 2^53, for as long as its buffer lives. */
  addressOf(view: ArrayBufferView): number;
  /** The reason of the last call that answered -1. */
  errno(): number;
}

interface Koffi {
  load(path: string | null): {
    func(definition: string): unknown;
    func(name: string, result: string, parameters: readonly string[]): unknown;
  };
  address(value: ArrayBufferView): bigint;
  errno(): number;
}

/** What a user is told who asked for something that needs koffi. */
export const KOFFI_MISSING =
  'the optional package "koffi" is not installed: kernel sockets cannot be measured with --api socket';

let loaded: Libc | undefined;

/** @returns the calls, or undefined where koffi is not installed or has no build for this machine. */
export function loadLibc(): Libc | undefined {
  if (loaded !== undefined) return loaded;
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    return undefined;
  }
  loaded = declareCalls(koffi);
  return loaded;
}

/**
 * Lengths and results are declared int where C has size_t, because koffi converts 64-bit numbers more slowly.
 */
function declareCalls(koffi: Koffi): Libc {
  const library = koffi.load(null);
  const declare = (definition: string): never => library.func(definition) as never;
  return {
    socket: declare('int socket(int, int, int)'),
    bind: declare('int bind(int, void *, int)'),
    listen: declare('int listen(int, int)'),
    accept4: declare('int accept4(int, void *, void *, int)'),
    connect: declare('int connect(int, void *, int)'),
    send: declare('int send(int, void *, int, int)'),
    recv: declare('int recv(int, void *, int, int)'),
    sendto: declare('int sendto(int, void *, int, int, void *, int)'),
    recvfrom: declare('int recvfrom(int, void *, int, int, void *, void *)'),
    shutdown: declare('int shutdown(int, int)'),
    close: declare('int close(int)'),
    setsockopt: declare('int setsockopt(int, int, int, void *, int)'),
    getsockopt: declare('int getsockopt(int, int, int, void *, void *)'),
    getsockname: declare('int getsockname(int, void *, void *)'),
    getpeername: declare('int getpeername(int, void *, void *)'),
    poll: declare('int poll(void *, int, int)'),
    epollCreate: declare('int epoll_create1(int)'),
    epollControl: declare('int epoll_ctl(int, int, int, void *)'),
    epollWait: declare('int epoll_wait(int, void *, int, int)'),
    schedGetaffinity: declare('int sched_getaffinity(int, int, void *)'),
    schedSetaffinity: declare('int sched_setaffinity(int, int, void *)'),
    clockGettime: declare('int clock_gettime(int, void *)'),
    ioctl: declare('int ioctl(int, unsigned long, void *)'),
    ioctlValue: library.func('ioctl', 'int', ['int', 'unsigned long', 'unsigned long']) as never,
    readv: declare('int readv(int, void *, int)'),
    writev: declare('int writev(int, void *, int)'),
    read: declare('int read(int, void *, int)'),
    write: declare('int write(int, void *, int)'),
    eventfd: declare('int eventfd(int, int)'),
    mmap: declare('intptr_t mmap(void *, size_t, int, int, int, int64_t)'),
    memfdCreate: optional(() => declare('int memfd_create(const char *, unsigned int)')),
    fcntl: declare('int fcntl(int, int, int)'),
    ppoll: declare('int ppoll(void *, int, void *, void *)'),
    addressOf: (view) => Number(koffi.address(view)),
    errno: () => koffi.errno(),
  };
}

/** @returns a call of newer systems; undefined where this one has it not. */
function optional<Call>(declare: () => Call): Call | undefined {
  try {
    return declare();
  } catch {
    return undefined;
  }
}
