/** What a command line says of the system whose connections a policy divides. */
import { HALF, type MixedSettings } from '../compare/measure-mixed.ts';
import { type SweepPlan, settingsOf, worldOf } from '../sweep/plan.ts';
import { readTopology } from '../world/topology.ts';
import { UserError } from './errors.ts';
import { checkPolicyDevices, readPolicyText } from './policy-file.ts';

export interface MixedFlags {
  readonly policy?: string;
  readonly cardConnections?: number;
}

/**
 * Rules of a plan, or of a file; without either half of the connections go to the cards.
 * @throws UserError for rules of a file beside a plan's, for a file without rules, and for one that names a
 *   device which no host of the plan has.
 */
export function mixedSettings(plan: SweepPlan, flags: MixedFlags): MixedSettings {
  const { policy, cardConnections } = flags;
  if (plan.policy !== undefined) {
    if (policy !== undefined)
      throw new UserError('--policy says what the plan says: it is for a plan without a policy');
    return { policy: plan.policy, connections: cardConnections ?? Number.POSITIVE_INFINITY };
  }
  if (policy === undefined) return { policy: HALF.policy, connections: cardConnections };
  const text = readPolicyText(policy);
  checkPolicyDevices(policy, text, readTopology(worldOf(plan, settingsOf(plan, 0))));
  return {
    policy: text,
    connections: cardConnections ?? Number.POSITIVE_INFINITY,
  };
}
