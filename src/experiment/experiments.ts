/** The experiments there are, each loaded when it is asked for. */
import type { Experiment } from './claims/experiment.ts';

interface Listed {
  readonly name: string;
  /** For the list: what it is about, in a line. */
  readonly about: string;
  readonly load: () => Promise<Experiment>;
}

export const EXPERIMENTS: readonly Listed[] = [
  {
    name: 'four-aims',
    about: "the article's four aims as gates, and what breaking each costs a request",
    load: async () => (await import('./four-aims/four-aims.ts')).FOUR_AIMS,
  },
  {
    name: 'order-1',
    about: 'receive buffers of two pages, on a host whose free pages lie singly',
    load: async () => (await import('./order-1/order-1.ts')).ORDER_1,
  },
  {
    name: 'open-toe',
    about: "offload devices beside the host's own stack: rate, fall-back, and the objections to them",
    load: async () => (await import('./open-toe/open-toe.ts')).OPEN_TOE,
  },
  {
    name: 'socket-exhaustion',
    about: 'a server out of sockets: idle connections, ports, processor, offload; and a panic',
    load: async () => (await import('./socket-exhaustion/socket-exhaustion.ts')).SOCKET_EXHAUSTION,
  },
  {
    name: 'window-on-card',
    about: 'four gigabit ports on one bus: TCP whole on the card, its window alone, or a plain card',
    load: async () => (await import('./window-on-card/experiment.ts')).windowOnCard,
  },
];
