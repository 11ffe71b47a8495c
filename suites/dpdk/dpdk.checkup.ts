import { checkup } from '../../fixtures/checkup.ts'
import { isApiError } from '../../helpers/kubernetes/api-error.ts'
import { testpmdCommand } from '../../helpers/tools/testpmd-command.ts'
import { dpdkContract } from './contract.ts'
import { keepDocumentedStatus, provisionDocumented } from '../documented-status.ts'
import { runUpstreamCheckup } from '../upstream-engine.ts'
import { documentedFailure, setUpFailure } from './documented-status.ts'
import { judgeDpdk } from './judgement.ts'
import { type DpdkMachineOptions, dpdkMachines, guestCpuPlan, machineNames, randomMacAddresses } from './machines.ts'
import type { DpdkParameters } from './parameters.ts'
import { PktgenGenerator } from './pktgen-generator.ts'
import { type Bench, searchRates, sendTraffic } from './procedure.ts'
import { dpdkRecording } from './recording.ts'
import { Testpmd } from './testpmd.ts'
import { searchPlan, trafficPlan } from './traffic-plan.ts'
import { TrexGenerator } from './trex-generator.ts'
import { upstreamDpdk } from './upstream.ts'

/** Of the documented images; nobody reaches them but over their serial console. */
const login = { access: 'console', login: { style: 'password', user: 'root', password: 'redhat' } } as const
const hugepageFolder = '/mnt/huge'

checkup(dpdkContract, async (context) => {
  const { parameters, namespace, runId, caseNumber, clock, signal, measure, operation, record, judge } = context
  if (parameters.engine === 'upstream') return runUpstreamCheckup(context, upstreamDpdk(parameters, namespace))
  const macAddresses = randomMacAddresses()

  const setUp = async () => {
    const { networkAttachmentDefinitionName: east, westNetworkAttachmentDefinitionName: west = east } = parameters
    for (const name of new Set([east, west]))
      await context.network({ namespace: parameters.networkAttachmentDefinitionNamespace, name }).catch(passIfForbidden)
    const uid = `${runId}-${caseNumber}`
    const machines = dpdkMachines({ namespace, uid, names: machineNames(), macAddresses, parameters })
    await Promise.all([context.create(machines.trafficGeneratorConfig), context.create(machines.vmUnderTestConfig)])
    const started = await Promise.all([
      context.virtualMachine(machines.trafficGenerator, { until: 'Ready' }),
      context.virtualMachine(machines.vmUnderTest, { until: 'Ready' }),
    ])
    const [generatorGuest, guestUnderTest] = await Promise.all(started.map((machine) => context.guest(machine, login)))
    if (!generatorGuest || !guestUnderTest) throw new Error('a VM has no guest')
    const options = { guest: generatorGuest, clock, signal }
    const prepared =
      parameters.trafficGenerator === 'trex'
        ? new TrexGenerator(options)
        : new PktgenGenerator({ ...options, ...pktgenPorts(macAddresses), cpu: 0 })
    await operation('PREPARE', `${prepared.name} in ${generatorGuest.vmi}`, () => prepared.prepare())
    const forwarding = await operation('START', `testpmd in ${guestUnderTest.vmi}`, () =>
      Testpmd.start(guestUnderTest, forwardCommand(parameters, macAddresses), {
        retry: parameters.testpmdRetry,
        signal,
      }),
    )
    return { trafficGenerator: started[0], vmUnderTest: started[1], generator: prepared, testpmd: forwarding }
  }
  const { trafficGenerator, vmUnderTest, generator, testpmd } = await provisionDocumented(context, setUp, setUpFailure)

  await using _forwarding = testpmd
  const bench: Bench = {
    generator,
    testpmd,
    clock,
    signal,
    remainingMilliseconds: context.remainingMilliseconds,
    keepRawOutput: context.keepRawOutput,
  }
  const nodes = { trafficGeneratorNode: trafficGenerator.node, vmUnderTestNode: vmUnderTest.node }
  const findings = await measure(async () =>
    parameters.mode === 'ndr'
      ? { ...nodes, traffic: [], searches: await searches() }
      : { ...nodes, traffic: await traffic(), searches: [] },
  )
  await record(dpdkRecording(findings, parameters))
  const documented = documentedFailure(findings, parameters)
  if (documented !== null) await keepDocumentedStatus(context, documented)
  judge(judgeDpdk(findings, parameters, context.sources))

  async function traffic() {
    const plan = trafficPlan(parameters)
    const results = []
    for (const direction of plan.directions)
      results.push(
        await operation(
          'TRAFFIC',
          `${direction} at ${plan.packetsPerSecond} pps for ${plan.durationSeconds} s`,
          () => sendTraffic({ ...plan, direction, latency: parameters.measureLatency, outputName: direction }, bench),
          ({ measuredSeconds, samples }) => `${measuredSeconds} s, ${samples.length} samples`,
        ),
      )
    return results
  }

  async function searches() {
    const plan = searchPlan(parameters)
    const results = []
    for (const direction of plan.directions)
      for (const frame of plan.frames)
        results.push(
          ...(await operation(
            'SEARCH',
            `${direction} with frames of ${frame.frame}`,
            () =>
              searchRates(
                {
                  ...frame,
                  direction,
                  trialSeconds: plan.trialSeconds,
                  maxTrials: parameters.ndrMaxTrials,
                  precisionPercent: parameters.ndrPrecisionPercent,
                  maxLossPercent: parameters.ndrMaxLossPercent,
                  pdrLossPercent: parameters.ndrPdrLossPercent,
                  oneNetwork: parameters.westNetworkAttachmentDefinitionName === undefined,
                },
                bench,
              ),
            (found) =>
              found.map(({ kind, found: { packetsPerSecond } }) => `${kind} ${packetsPerSecond} pps`).join(', '),
          )),
        )
    return results
  }
})

/** The documented Role may not read networks. A missing one then shows in the events of the launcher pod. */
function passIfForbidden(error: unknown): void {
  if (!isApiError(error, 403)) throw error
}

const pktgenPorts = ({ trafficGenerator, vmUnderTest }: DpdkMachineOptions['macAddresses']) => ({
  macAddresses: { 0: trafficGenerator.east, 1: trafficGenerator.west },
  peerMacAddresses: { 0: vmUnderTest.east, 1: vmUnderTest.west },
})

function forwardCommand(parameters: DpdkParameters, { trafficGenerator }: DpdkMachineOptions['macAddresses']): string {
  const { main, forwarding } = guestCpuPlan(parameters).testpmd
  return testpmdCommand({
    mainCpus: main,
    forwardingCpus: forwarding,
    ports: [
      { pciAddress: parameters.eastPciAddress, peerMacAddress: trafficGenerator.east },
      { pciAddress: parameters.westPciAddress, peerMacAddress: trafficGenerator.west },
    ],
    socketMemoryMebibytes: [parameters.testpmdSocketMemoryMebibytes],
    hugepageFolder,
    queues: parameters.testpmdQueues ?? forwarding.length,
    descriptors: parameters.testpmdDescriptors,
    ...(parameters.testpmdBuffers !== undefined && { totalBuffers: parameters.testpmdBuffers }),
  })
}
