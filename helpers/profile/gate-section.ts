/** The `gate` part of a profile: what a run must show to let a pipeline go on. */
import { z } from 'zod'
import type { ToleranceRule } from '../compare/tolerance.ts'
import type { ProfileDocument, ProfilePath } from './profile-document.ts'

const pattern = (what: string) =>
  z.string().min(1).describe(`${what}. \`*\` stands for anything but a slash, \`**\` for anything.`)

export const gateSection = z.strictObject({
  mustPass: z
    .array(pattern('Id of a check (`latency.*`) or of a case (`latency/blue/**`)'))
    .min(1, 'at least one; a gate without checks lets everything pass')
    .default(['**'])
    .describe('Checks that decide. Others are shown, but do not count. Default: all.'),
  waivers: z
    .array(
      z.strictObject({
        check: pattern('Id of the check, e.g. `latency.max`'),
        case: pattern('Id of the case, e.g. `latency/blue/**`. Default: all cases').default('**'),
        until: z.iso
          .date('a date such as 2026-12-31')
          .describe('Last day (UTC) on which it holds. After that the gate ends with exit code 2.'),
        reason: z.string().min(1).describe('Why the missed limit is accepted. Shown with every result.'),
        owner: z.string().min(1).optional().describe('Who sees to it that it can be removed.'),
      }),
    )
    .default([])
    .describe('Missed limits that are accepted for a time. They are shown as waived, never as passed.'),
  regressions: z
    .record(
      pattern('Metric name, or case id, space, metric name'),
      z.union([z.number().nonnegative(), z.literal(false)], { error: 'a percentage such as 10, or false' }),
    )
    .default({})
    .describe(
      'How much worse than the baseline a metric may be, in percent; false: it does not count. The last pattern that matches counts. Default: 5 where there are samples, 10 for single values.',
    ),
  baseline: z
    .string()
    .min(1)
    .optional()
    .describe('Name of a saved baseline, or path of a run, to compare with. `gate --baseline` goes before it.'),
  allowSkipped: z
    .array(pattern('Id of a case'))
    .default([])
    .describe('Cases that may be skipped, or left out by a filter.'),
  allowFlaky: z.boolean().default(false).describe('Whether a case may pass only when it was repeated.'),
})

interface Waiver {
  check: string
  case: string
  /** `2026-12-31`; holds through that day, UTC. */
  until: string
  reason: string
  owner?: string
  /** Of `until` in the profile. */
  place: { file: string; line: number | null; column: number | null; path: string }
}

export interface GatePolicy {
  mustPass: { pattern: string; source: string }[]
  waivers: Waiver[]
  regressions: ToleranceRule[]
  baseline?: string
  allowSkipped: string[]
  allowFlaky: boolean
}

/** The policy with the place of each of its rules. */
export function gatePolicy(
  { mustPass, waivers, regressions, baseline, allowSkipped, allowFlaky }: z.output<typeof gateSection>,
  document: ProfileDocument,
): GatePolicy {
  const at = (...path: ProfilePath) => ['gate', ...path]
  return {
    mustPass: mustPass.map((each, index) => ({ pattern: each, source: document.place(at('mustPass', index)) })),
    waivers: waivers.map(({ owner, ...waiver }, index) => {
      const { message: _, ...place } = document.problem(at('waivers', index, 'until'), '')
      return { ...waiver, ...(owner !== undefined && { owner }), place }
    }),
    regressions: Object.entries(regressions).map(([each, percent]) => ({
      pattern: each,
      percent,
      source: document.place(at('regressions', each)),
    })),
    ...(baseline !== undefined && { baseline }),
    allowSkipped,
    allowFlaky,
  }
}

/** What a profile without a `gate` says, and a run whose profile is too old to have one. */
export const defaultGatePolicy: GatePolicy = {
  mustPass: [{ pattern: '**', source: 'default' }],
  waivers: [],
  regressions: [],
  allowSkipped: [],
  allowFlaky: false,
}
