/**
 * passed: every expected measurement is there and within its limits. failed: a limit was missed. invalid: what was
 * measured may not be judged. broken: set-up or infrastructure. skipped and cancelled: no judgement was made.
 */
export const verdicts = ['passed', 'failed', 'invalid', 'broken', 'skipped', 'cancelled'] as const
export type Verdict = (typeof verdicts)[number]
