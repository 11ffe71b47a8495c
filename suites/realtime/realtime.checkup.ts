import { checkup } from '../../fixtures/checkup.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import { keepDocumentedStatus, provisionDocumented } from '../documented-status.ts'
import { runUpstreamCheckup } from '../upstream-engine.ts'
import { realtimeContract } from './contract.ts'
import { documentedFailure, measurementFailure, setUpFailure } from './documented-status.ts'
import type { MachineFacts } from './findings.ts'
import { readGuestFacts } from './guest-facts.ts'
import { judgeRealtime } from './judgement.ts'
import { machineNames, realtimeMachines } from './machines.ts'
import { measuredCpus } from './parameters.ts'
import { type Bench, runCyclictest, runHwlatdetect, runOslat } from './procedure.ts'
import { realtimeRecording } from './recording.ts'
import { upstreamRealtime } from './upstream.ts'

/** Of the documented image; nobody reaches it but over its serial console. Tools that run for hours outlive a dropped one. */
const login = {
  access: 'console',
  login: { style: 'password', user: 'root', password: 'redhat' },
  reconnect: true,
} as const

checkup(realtimeContract, async (context) => {
  const { parameters, namespace, clock, signal, keepRawOutput, measure, operation, record, judge } = context
  if (parameters.engine === 'upstream') return runUpstreamCheckup(context, upstreamRealtime(parameters, namespace))

  const setUp = async () => {
    const machines = realtimeMachines(namespace, machineNames(), parameters)
    await context.create(machines.config)
    const machine = await context.virtualMachine(machines.vmUnderTest, { until: 'Ready' })
    return { machine, guest: await context.guest(machine, login) }
  }
  const { machine, guest } = await provisionDocumented(context, setUp, setUpFailure)

  const bench = (tool: string): Bench => ({
    guest,
    clock,
    signal,
    keepRawOutput,
    progress: (message) => context.progress(tool, guest.vmi, message),
  })
  const tools = {
    oslat: () => operation('OSLAT', where, () => runOslat(parameters, bench('OSLAT'))),
    cyclictest: () => operation('CYCLIC', where, () => runCyclictest(parameters, bench('CYCLIC'))),
    hwlatdetect: () => operation('HWLAT', guest.vmi, () => runHwlatdetect(parameters, bench('HWLAT'))),
  }
  const where = `CPUs ${measuredCpus(parameters)} of ${guest.vmi}`
  const findings = await measure(async () => {
    const asked = (tool: keyof typeof tools) => parameters.procedures.includes(tool)
    // One after the other: each wants the CPUs for itself.
    return {
      machine: machineFacts(machine),
      guest: await operation('LOOK', guest.vmi, () => readGuestFacts(guest, { clock, signal, keepRawOutput })),
      oslat: asked('oslat') ? await tools.oslat() : null,
      cyclictest: asked('cyclictest') ? await tools.cyclictest() : null,
      hwlatdetect: asked('hwlatdetect') ? await tools.hwlatdetect() : null,
    }
  }).catch(async (error: unknown) => {
    await keepDocumentedStatus(context, measurementFailure(guest.vmi, error))
    throw error
  })
  await record(realtimeRecording(findings, parameters))
  const documented = documentedFailure(findings, parameters)
  if (documented !== null) await keepDocumentedStatus(context, documented)
  judge(judgeRealtime(findings, parameters, context.sources))
})

function machineFacts({ node, vmi }: VirtualMachine): MachineFacts {
  const { domain } = vmi.spec
  return {
    node,
    dedicatedCpus: domain.cpu?.dedicatedCpuPlacement === true,
    qosClass: vmi.status?.qosClass ?? null,
    hugepageSize: domain.memory?.hugepages?.pageSize ?? null,
  }
}
