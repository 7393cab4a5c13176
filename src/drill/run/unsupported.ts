/** What a script asks for that is seen before it runs: what no event of it can be judged without. */
import type { Packet, ScriptEvent } from '../script/ast.ts';
import { NotJudged } from '../script/script-error.ts';

const ECN = 'ECN';

/** @throws NotJudged for the first event that expects what the stack does not have. */
export function refuseUnsupported(events: readonly ScriptEvent[]): void {
  for (const { action, place } of events) {
    if (action.kind === 'packet' && !action.inbound && expectsEcn(action.packet)) {
      throw new NotJudged(place, ECN);
    }
  }
}

/** Whether a packet is to leave with marks of congestion, or of being able to have them (RFC 3168). */
function expectsEcn(packet: Packet): boolean {
  const { tos } = packet;
  if (tos?.kind === 'ect01' || (tos?.kind === 'ecn' && tos.value !== 0)) return true;
  return packet.kind === 'tcp' && /[EW]/.test(packet.flags);
}
