/** Procedure bootstorm: how much longer VMs boot when all of them boot at once. */
import { conditionOf } from '../../helpers/kubernetes/conditions.ts'
import type { VirtualMachineInstance } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import { accessKeys, bringUp, limitOf, type FleetMember, type StorageContext } from './bring-up.ts'
import { csv } from './csv.ts'
import { featureFleet, stopMachine, vmiReference, vmReference } from './feature-machine.ts'
import { FeatureReport, timed } from './feature-report.ts'

export async function runBootStorm(context: StorageContext): Promise<void> {
  const { parameters } = context
  const report = new FeatureReport()
  const plan = featureFleet(context, parameters.bootStormVms)
  const created = await context.provision(() => timed(context, () => bringUp(context, accessKeys(context), plan)))
  const fleet = created.value
  await context.measure(async () => {
    report.time({ id: null, name: 'fleetReadySeconds', seconds: created.seconds, limitSeconds: null })
    const [one] = fleet
    if (one === undefined) throw new Error('no VM was made')
    await Promise.all(fleet.map((member) => stopMachine(context, member)))
    const alone = (await timed(context, () => boot(context, one))).seconds
    await stopMachine(context, one)
    const together = await context.operation('BOOT', `${fleet.length} VMs`, () =>
      Promise.all(fleet.map(async (member) => (await timed(context, () => boot(context, member))).seconds)),
    )
    await context.keepRawOutput(
      'boots.csv',
      csv(
        ['vm', 'seconds'],
        together.map((seconds, index) => ({ vm: plan.names[index] ?? '', seconds })),
      ),
      'text/csv',
    )
    const slowest = Math.max(...together)
    report.time({ id: null, name: 'bootAloneSeconds', seconds: alone, limitSeconds: null })
    report.time({ id: null, name: 'slowestBootSeconds', seconds: slowest, limitSeconds: null })
    for (const [index, seconds] of together.entries())
      report.time({
        id: null,
        subject: plan.names[index] ?? '',
        name: 'bootSeconds',
        seconds,
        limitSeconds: null,
      })
    report.number({
      id: 'boot-storm',
      name: 'bootStormRatio',
      value: alone === 0 ? null : Number((slowest / alone).toFixed(3)),
      limit: parameters.maxBootStormRatio,
      unit: 'count',
    })
  })
  await report.conclude(context)
}

/** From the request until the guest agent is there. */
async function boot(context: StorageContext, member: FleetMember): Promise<void> {
  await context.callSubresource(vmReference(member), 'start', {})
  await context.waitFor<VirtualMachineInstance, true>(vmiReference(member), {
    describe: 'have its guest agent connected',
    limit: limitOf(context, 'vmReadyTimeout'),
    mayNotExistYet: true,
    until: (vmi) => (conditionOf(vmi, 'AgentConnected')?.status === 'True' ? true : undefined),
  })
}
