/** The percentiles that are read from oslat's histograms, under the names of their results, limits and checks. */

interface OslatPercentile {
  percent: number
  /** The end of the check's id. */
  id: string
  result: `oslatP${string}LatencyMicroSeconds`
  parameter: `oslatP${string}LatencyLimitMicroSeconds`
}

const named = <const Digits extends string>(percent: number, digits: Digits) => ({
  percent,
  id: `p${digits}`,
  result: `oslatP${digits}LatencyMicroSeconds` as const,
  parameter: `oslatP${digits}LatencyLimitMicroSeconds` as const,
})

export const oslatPercentiles = [
  named(99, '99'),
  named(99.9, '999'),
  named(99.99, '9999'),
  named(99.999, '99999'),
  named(99.9999, '999999'),
] as const satisfies readonly OslatPercentile[]
