/**
 * What a driver that has failed looks at in place of its card's replies: there are none, and none are coming.
 */
import { type FrameConsumer, NO_FRAME } from '../../i2o/transport.ts';

export const NO_REPLIES: FrameConsumer = {
  receive: () => NO_FRAME,
  release: () => {},
  preserve: () => NO_FRAME,
  supply: () => {},
  restart: () => 0,
  publish: () => 0,
  arm: () => true,
  waiting: 0,
  broken: false,
};
