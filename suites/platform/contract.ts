/** The platform checkup: the one source of its parameters, results and checks. */
import { z } from 'zod'
import type { CheckupContract, MatrixAxis, ParameterProblem } from '../../helpers/run/checkup-contract.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { problemReport } from '../rules.ts'
import { areas, areaTitles } from './areas.ts'
import { platformChecks } from './checks.ts'
import { parameters, type PlatformParameters } from './parameters.ts'
import { platformRequirements } from './requirements.ts'
import { platformResults } from './results.ts'

const someAreas = z.union([z.literal('all'), z.array(z.enum(areas)).min(1)], {
  error: `all, or a list of ${areas.join(', ')}`,
})

const areasAxis: MatrixAxis = {
  sets: ['area'],
  schema: someAreas.describe('Areas to look at, one case each.'),
  expand(value) {
    const wanted = someAreas.parse(value)
    return { combinations: (wanted === 'all' ? areas : wanted).map((area) => ({ area })) }
  },
}

/** What a case takes besides watching an installation. */
const readingMargin = '1m'

function rules(of: PlatformParameters): ParameterProblem[] {
  const { problems, error } = problemReport<PlatformParameters>()
  const watches = of.area === 'kubevirt' || of.area === 'cdi'
  if (
    watches &&
    durationMilliseconds(of.timeout) < durationMilliseconds(of.upgradeDeadline) + durationMilliseconds(readingMargin)
  )
    error(
      'timeout',
      `${of.timeout} is too short: upgradeDeadline is ${of.upgradeDeadline}, and looking at the rest takes up to ${readingMargin}; raise timeout or lower upgradeDeadline`,
    )
  const known = new Set(['all', ...platformChecks.map(({ id }) => id)])
  for (const id of of.requiredChecks.filter((each) => !known.has(each)))
    error('requiredChecks', `there is no check "${id}"; the catalogue in the README lists them`)
  return problems
}

export const platformContract: CheckupContract<typeof parameters> = {
  name: 'platform',
  title: 'Platform',
  description:
    'Looks whether KubeVirt, CDI, their networking and their storage are healthy and complete, and whether VMs survived what happened since an earlier run. Changes nothing, and says what it may not look at.',
  parameters,
  deprecatedNames: {},
  imageParameters: [],
  results: platformResults,
  checks: platformChecks,
  axes: { areas: areasAxis },
  profileDefaults: ({ networks }) => ({ networks: [...(networks ?? [])] }),
  rules,
  requirements: platformRequirements,
  caseName: ({ area }) => area,
  caseTitle: ({ area }) => areaTitles[area],
}
