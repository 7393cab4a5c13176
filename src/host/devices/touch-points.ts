/**
 * The places at which a host's own code asks or tells its offload devices something, each by a name. What is
 * not one of them goes by a socket's replaced operations, and the host's stack knows nothing of it. Each name
 * is passed at one place of the code (a test of the tree counts the places), so that the length of this list
 * is the number of lines that a host is changed by.
 */
export const TOUCH_POINTS = {
  bind: 'a bind has its port reserved on the devices that may listen there',
  listen: 'a listen asks the policy, and opens a listener on each device it names',
  accept: 'an accept looks at the device listeners as well',
  connect: 'a connect asks the policy, and may go to a device',
  outcome: 'the outcome of a connect on a device is looked at: the host may take it over',
  handOff: 'an established connection is handed over to a device',
  takeBack: 'a connection is taken back from a device',
  ready: 'the list of ready sockets is taken from the devices as well',
  close: 'a close gives back what was reserved on devices',
  receive: 'a frame that has come is steered to a device or to the host',
  passive: 'the SYN of a peer asks the policy whose it is',
  tap: 'a tap is shown the frame of a device',
  filter: 'the packet filter is asked about the frame of a device',
  neighbour: 'a neighbour that was learnt or has changed is told to the devices',
  route: 'a route that was added, changed or taken away is told to the devices of its port',
  mtu: 'an MTU of a port or of a path that has changed is told to the devices',
  link: 'a link that has gone down or come up is noted with the devices of its port',
} as const;

export type TouchPoint = keyof typeof TOUCH_POINTS;

/** How often each was passed. */
export class TouchCounts {
  readonly passed: Record<TouchPoint, number>;

  constructor() {
    const names = Object.keys(TOUCH_POINTS) as TouchPoint[];
    this.passed = Object.fromEntries(names.map((name) => [name, 0])) as Record<TouchPoint, number>;
  }

  pass(point: TouchPoint): void {
    this.passed[point] += 1;
  }
}
