/** What a command line says of the system whose connections a policy divides. */
import { HALF, type MixedSettings } from '../compare/measure-mixed.ts';
import type { SweepPlan } from '../sweep/plan.ts';
import { UserError } from './errors.ts';
import { readPolicyText } from './policy-file.ts';

export interface MixedFlags {
  readonly policy?: string;
  readonly cardConnections?: number;
}

/**
 * Rules of a plan, or of a file; without either half of the connections go to the cards.
 * @throws UserError for rules of a file beside a plan's, and for a file without rules.
 */
export function mixedSettings(plan: Pick<SweepPlan, 'policy'>, flags: MixedFlags): MixedSettings {
  const { policy, cardConnections } = flags;
  if (plan.policy !== undefined) {
    if (policy !== undefined)
      throw new UserError('--policy says what the plan says: it is for a plan without a policy');
    return { policy: plan.policy, connections: cardConnections ?? Number.POSITIVE_INFINITY };
  }
  return {
    policy: policy === undefined ? HALF.policy : readPolicyText(policy),
    connections: cardConnections ?? (policy === undefined ? undefined : Number.POSITIVE_INFINITY),
  };
}
