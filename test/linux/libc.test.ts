/** libc's calls by koffi: what they return and what errno says are the kernel's own. */
import { describe, expect, it } from 'vitest';
import { loadLibc } from '../../src/linux/libc.ts';
import { EBADF, EINVAL } from '../../src/socket/errno.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const libc = loadLibc();

describe.skipIf(libc === undefined)('libc', () => {
  if (libc === undefined) return;

  it('says by errno why a call failed', () => {
    expect(libc.close(-1)).toBe(-1);
    expect(libc.errno()).toBe(EBADF);
    const socket = libc.socket(AF_INET, SOCK_STREAM, 0);
    expect(libc.accept4(socket, null, null, 0)).toBe(-1);
    expect(libc.errno()).toBe(EINVAL);
    expect(libc.close(socket)).toBe(0);
  });

  it('fills in memory that it is given', () => {
    const socket = libc.socket(AF_INET, SOCK_STREAM, 0);
    const address = new Uint8Array(16);
    const length = Int32Array.of(16);
    expect(libc.getsockname(socket, address, length)).toBe(0);
    expect([address[0], length[0]]).toEqual([AF_INET, 16]);
    libc.close(socket);
  });

  it('waits for nothing as long as it is told', () => {
    const epoll = libc.epollCreate(0);
    const start = performance.now();
    expect(libc.epollWait(epoll, new Uint8Array(64), 1, 20)).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(15);
    libc.close(epoll);
  });
});
