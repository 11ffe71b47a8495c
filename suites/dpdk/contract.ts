/** The DPDK checkup: the one source of its parameters, results and checks. */
import type { CheckupContract } from '../../helpers/run/checkup-contract.ts'
import { networksAxis, nodePairsAxis } from '../matrix.ts'
import { networkDefaults } from '../network-parameters.ts'
import { dpdkChecks } from './checks.ts'
import { parameters, type DpdkParameters } from './parameters.ts'
import { dpdkRequirements } from './requirements.ts'
import { dpdkResults } from './results.ts'
import { dpdkRules } from './rules.ts'

export const dpdkContract: CheckupContract<typeof parameters> = {
  name: 'dpdk',
  title: 'DPDK packet forwarding',
  description:
    'A traffic generator VM sends packets through testpmd in a VM under test over an SR-IOV network. Shows that no packet is lost at the asked rate in each direction, or searches the rate where loss begins.',
  parameters,
  deprecatedNames: {},
  imageParameters: ['trafficGenContainerDiskImage', 'vmUnderTestContainerDiskImage', 'upstreamImage'],
  results: dpdkResults,
  checks: dpdkChecks,
  axes: {
    networkAttachmentDefinitionNames: networksAxis,
    nodePairs: nodePairsAxis(
      ['trafficGenTargetNodeName', 'vmUnderTestTargetNodeName'],
      'the nodes of the traffic generator and the VM under test',
    ),
  },
  profileDefaults: networkDefaults,
  rules: dpdkRules,
  requirements: dpdkRequirements,
  caseName: (of) =>
    [
      of.networkAttachmentDefinitionName,
      ...(of.trafficGenTargetNodeName === undefined
        ? []
        : [`${of.trafficGenTargetNodeName}-${of.vmUnderTestTargetNodeName}`]),
      ...(of.mode === 'gate' ? [] : [of.mode]),
      ...(of.mode === 'ndr' || of.frameBytes === 64 ? [] : [`${of.frameBytes}-bytes`]),
      ...(of.engine === 'ours' ? [] : [of.engine]),
    ].join('/'),
  caseTitle: (of) => {
    const network = of.networkAttachmentDefinitionName
    if (of.mode === 'ndr') return `VM on ${network} forwards packets without loss up to a rate that is searched`
    return `VM on ${network} forwards ${of.trafficGenPacketsPerSecond} packets/s of ${of.frameBytes} bytes without loss${both(of)}`
  },
}

const both = ({ directions }: DpdkParameters): string =>
  directions.length === 2 ? ' in both directions' : ` from ${directions.join('').replaceAll('-', ' ')}`
