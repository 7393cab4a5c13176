/** Our own card with the memory the vectors ask for, behind a bare host. */

import type { VectorFrame } from '../../src/conform/card/vector-file.ts';
import { SOCKETS, VECTOR_CARD, VectorHost } from '../../src/conform/card/vector-host.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { BareCard } from '../iop/bed.ts';
import { echoOn } from '../iop/echo.ts';

export { judge } from '../../src/conform/card/judge.ts';
export { replyText } from '../../src/conform/card/reply-words.ts';
export { SOCKETS };

export class VectorCard extends VectorHost {
  declare readonly bare: BareCard;

  /** @param device what sits behind the device's TID. */
  constructor(device: 'socket' | 'echo' | 'lan' | 'window' = 'socket', overrides: CardOverrides = {}) {
    const kind = device === 'echo' ? { module: echoOn } : { kind: device };
    super(new BareCard({ ...VECTOR_CARD, ...overrides }, kind));
  }
  /** The word at the first address of a frame's list, which the card answers in. */
  polledWord(frame: VectorFrame): number {
    const words = this.placed(frame);
    return this.read(words[((words[0] >>> 4) & 0x0f) + 1], 1)[0];
  }
}
