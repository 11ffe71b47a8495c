/** What the realtime checkup leaves in its record under the documented names, and what it adds. */
import type { ResultDeclaration } from '../../helpers/run/checkup-contract.ts'
import { declared } from '../result-declarations.ts'
import { oslatPercentiles } from './percentiles.ts'

export const realtimeResults: readonly ResultDeclaration[] = [
  ...declared('documented', [
    ['vmUnderTestActualNodeName', '', 'Node on which the VM under test ran.'],
    ['oslatMaxLatencyMicroSeconds', 'us', 'Largest latency that oslat measured, over all CPUs.'],
  ]),
  ...declared('addition', [
    ['oslatMinLatencyMicroSeconds', 'us', 'Smallest latency that oslat measured.'],
    ['oslatAvgLatencyMicroSeconds', 'us', 'Mean latency of oslat, of the CPU where it is largest.'],
    ...oslatPercentiles.map(
      ({ percent, result }) =>
        [result, 'us', `${percent}th percentile of the latencies, of the CPU where it is largest.`] as const,
    ),
    ['oslatSpikes', 'count', 'Observations above oslatSpikeMicroSeconds, over all CPUs.'],
    ['oslatRuntimeSeconds', 's', 'How long oslat measured, as it says itself.'],
    ['cyclictestMinLatencyMicroSeconds', 'us', 'Smallest timer latency that cyclictest measured.'],
    ['cyclictestAvgLatencyMicroSeconds', 'us', 'Mean timer latency, of the CPU where it is largest.'],
    ['cyclictestMaxLatencyMicroSeconds', 'us', 'Largest timer latency that cyclictest measured, over all CPUs.'],
    ['cyclictestRuntimeSeconds', 's', 'How long cyclictest ran, in whole seconds.'],
    [
      'hwlatMaxLatencyMicroSeconds',
      'us',
      'Largest gap that hwlatdetect saw; absent when none was above hwlatThresholdMicroSeconds.',
    ],
    ['hwlatSamples', 'count', 'Gaps above hwlatThresholdMicroSeconds that hwlatdetect saw.'],
    ['hwlatRuntimeSeconds', 's', 'How long hwlatdetect ran, in whole seconds.'],
    ['vmUnderTestQosClass', '', 'status.qosClass of the VMI.'],
    ['vmUnderTestHugepageSize', '', 'Size of the hugepages that the memory of the VM is made of.'],
    ['guestKernel', '', 'Release and version of the kernel of the guest.'],
    ['guestIsolatedCpus', '', 'CPUs of isolcpus.'],
    ['guestNohzFullCpus', '', 'CPUs of nohz_full.'],
    ['guestRcuNocbsCpus', '', 'CPUs of rcu_nocbs.'],
    ['guestTunedProfile', '', 'Active tuned profile of the guest.'],
    ['guestSwapAreas', 'count', 'Swap areas of the guest.'],
  ]),
]
