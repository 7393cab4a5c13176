/** TCP_CONGESTION, by the kernel's answers. */
import { describe, expect, it } from 'vitest';
import { congestionName, congestionNumber } from '../../src/socket/congestion-names.ts';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import { TCP_CONGESTION } from '../../src/socket/options.ts';
import type { Bed } from './bed.ts';

const RENO = congestionNumber('reno');

export function congestionTests(bed: () => Bed): void {
  describe('TCP_CONGESTION', () => {
    it('is chosen for a socket, before and after it is connected', () => {
      const { client, server } = bed().pair();
      for (const socket of [bed().socket(), client]) {
        expect(bed().stack.setOption(socket, TCP_CONGESTION, RENO)).toBe(0);
        expect(bed().stack.getOption(socket, TCP_CONGESTION)).toBe(RENO);
      }
      expect(congestionName(RENO)).toBe('reno');
      bed().send(client, 'by reno');
      expect(bed().receive(server)).toBe('by reno');
    });

    it('is inherited by connections that are accepted', () => {
      const listener = bed().listen();
      expect(bed().stack.setOption(listener.socket, TCP_CONGESTION, RENO)).toBe(0);
      bed().connect(listener.port);
      expect(bed().stack.getOption(bed().accept(listener.socket), TCP_CONGESTION)).toBe(RENO);
    });

    it('is ENOENT for a control that there is not, and nothing of a datagram socket', () => {
      const socket = bed().socket();
      const before = bed().stack.getOption(socket, TCP_CONGESTION);
      for (const number of [0, 99, -1])
        expect(bed().stack.setOption(socket, TCP_CONGESTION, number)).toBe(-errno.ENOENT);
      expect(bed().stack.getOption(socket, TCP_CONGESTION)).toBe(before);
      expect(bed().stack.setOption(bed().socket(SOCK_DGRAM), TCP_CONGESTION, RENO)).toBe(-errno.ENOPROTOOPT);
    });
  });
}
