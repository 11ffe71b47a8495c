/** The realtime checkup: the one source of its parameters, results and checks. */
import type { CheckupContract } from '../../helpers/run/checkup-contract.ts'
import { nodesAxis } from '../matrix.ts'
import { realtimeChecks } from './checks.ts'
import { oslatDuration, parameters } from './parameters.ts'
import { realtimeRequirements } from './requirements.ts'
import { realtimeResults } from './results.ts'
import { realtimeRules } from './rules.ts'

export const realtimeContract: CheckupContract<typeof parameters> = {
  name: 'realtime',
  title: 'Realtime VM',
  description:
    'oslat measures on isolated CPUs of a VM with a realtime kernel how late a thread may find itself. Shows that the VM keeps its latency promise, on which CPU it does not, and that the guest is tuned as it claims.',
  parameters,
  deprecatedNames: {},
  imageParameters: ['vmUnderTestContainerDiskImage', 'upstreamImage'],
  results: realtimeResults,
  checks: realtimeChecks,
  axes: { nodes: nodesAxis('vmUnderTestTargetNodeName') },
  profileDefaults: () => ({}),
  rules: realtimeRules,
  requirements: realtimeRequirements,
  caseName: (of) =>
    [
      of.vmUnderTestTargetNodeName ?? 'any-node',
      ...(of.mode === 'gate' ? [] : [of.mode]),
      ...(of.engine === 'ours' ? [] : [of.engine]),
    ].join('/'),
  caseTitle: (of) => {
    const limit = of.oslatLatencyThresholdMicroSeconds
    const where = of.vmUnderTestTargetNodeName === undefined ? '' : ` on ${of.vmUnderTestTargetNodeName}`
    const time = ` for ${oslatDuration(of)}`
    if (!of.procedures.includes('oslat')) return `VM${where} is measured with ${of.procedures.join(' and ')}`
    return limit === undefined
      ? `VM${where} has its latencies measured${time}`
      : `VM${where} keeps its latencies within ${limit} µs${time}`
  },
}
