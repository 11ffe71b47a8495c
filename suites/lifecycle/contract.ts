/** The lifecycle checkup: the one source of its parameters, results and checks. */
import { z } from 'zod'
import type { CheckupContract, MatrixAxis } from '../../helpers/run/checkup-contract.ts'
import { networkDefaults } from '../network-parameters.ts'
import { lifecycleChecks } from './checks.ts'
import { kinds, kindTitles } from './kinds.ts'
import { parameters } from './parameters.ts'
import { lifecycleRequirements } from './requirements.ts'
import { lifecycleResults } from './results.ts'
import { lifecycleRules } from './rules.ts'

const someKinds = z.union([z.literal('all'), z.array(z.enum(kinds)).min(1)], {
  error: `all, or a list of ${kinds.join(', ')}`,
})

const kindsAxis: MatrixAxis = {
  sets: ['kind'],
  schema: someKinds.describe('Kinds of cases, one case each; all: every kind.'),
  expand(value) {
    const wanted = someKinds.parse(value)
    return { combinations: (wanted === 'all' ? kinds : wanted).map((kind) => ({ kind })) }
  },
}

export const lifecycleContract: CheckupContract<typeof parameters> = {
  name: 'lifecycle',
  title: 'Lifecycle',
  description:
    'Lives through the documented life of stateless, stateful and SR-IOV VMs: starts, pauses, restarts, moves, snapshots and deletes them, and judges every answer, every status, what the guests keep, and how long all of it takes.',
  parameters,
  deprecatedNames: {},
  imageParameters: ['containerDiskImage'],
  results: lifecycleResults,
  checks: lifecycleChecks,
  axes: { kinds: kindsAxis },
  profileDefaults: networkDefaults,
  rules: lifecycleRules,
  requirements: lifecycleRequirements,
  caseName: ({ kind, storageClass }) => (storageClass === undefined ? kind : `${kind}/${storageClass}`),
  caseTitle: ({ kind, storageClass }) =>
    storageClass === undefined ? kindTitles[kind] : `${kindTitles[kind]} (StorageClass ${storageClass})`,
}
