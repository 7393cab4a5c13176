/** Which version of the socket class an option came with. */
import {
  IP_MTU,
  IP_MTU_DISCOVER,
  SO_OOBINLINE,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT_SECONDS,
  TCP_LINGER2_SECONDS,
  TCP_NOTSENT_LOWAT,
} from './options.ts';

/** Options that came with version 3 of the socket class: host and card of an older one know nothing of them. */
const OF_VERSION_3: ReadonlySet<number> = new Set([
  TCP_CONGESTION,
  TCP_CORK,
  TCP_NOTSENT_LOWAT,
  TCP_DEFER_ACCEPT_SECONDS,
  TCP_LINGER2_SECONDS,
  IP_MTU_DISCOVER,
  IP_MTU,
  SO_OOBINLINE,
]);

/** Whether a version of the socket class has an option. One that none has is not told apart. */
export function isOptionOf(option: number, classVersion: number): boolean {
  return classVersion >= 3 || !OF_VERSION_3.has(option);
}
