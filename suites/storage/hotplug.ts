/** Procedure hotplug: a volume is plugged into a running VM, and out of it. */
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { dataVolume, type DataVolume } from '../../helpers/kubevirt/claims.ts'
import type { VirtualMachineInstance } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import { limitOf, type StorageContext } from './bring-up.ts'
import { oneMachine, vmiReference, vmReference, type FeatureMachine } from './feature-machine.ts'
import { FeatureReport, timedUpTo } from './feature-report.ts'

const lookAgainMilliseconds = 2000
const commandMilliseconds = 30_000
/** The longest serial number that a SCSI disk of QEMU has is 20 characters. */
const serial = 'perfhotplug'
const disksCommand = 'lsblk -ndo NAME,SERIAL'

export async function runHotplug(context: StorageContext): Promise<void> {
  const report = new FeatureReport()
  const limit = limitOf(context, 'hotplugTimeout')
  const limitSeconds = limit.milliseconds / 1000
  const { machine, volume } = await context.provision(async () => {
    const up = await oneMachine(context)
    const created = await context.create<DataVolume>(
      dataVolume(
        {
          name: randomName('perf-hotplug-volume-'),
          source: { kind: 'blank' },
          storageClass: up.pool.storageClass,
          size: '1Gi',
        },
        { namespace: context.namespace, bindAtOnce: true },
      ),
    )
    await context.waitFor<DataVolume, true>(created, {
      describe: 'be filled',
      limit,
      until: ({ status }) => (status?.phase === 'Succeeded' ? true : undefined),
    })
    return { machine: up, volume: created.metadata.name ?? '' }
  })
  // Of the VM: the VMI of a VM may not be changed behind its back.
  const vm = vmReference(machine)
  const vmi = vmiReference(machine)
  const phaseOf = ({ status }: VirtualMachineInstance) =>
    status?.volumeStatus?.find(({ name }) => name === volume)?.phase
  await context.measure(async () => {
    const plugged = await timedUpTo(context, limitSeconds, async () => {
      await context.callSubresource(vm, 'addvolume', {
        name: volume,
        disk: { disk: { bus: 'scsi' }, serial },
        volumeSource: { dataVolume: { name: volume, hotpluggable: true } },
      })
      await context.operation('PLUG', volume, () =>
        context.waitFor<VirtualMachineInstance, true>(vmi, {
          describe: `have volume ${volume} Ready`,
          limit,
          until: (seen) => (phaseOf(seen) === 'Ready' ? true : undefined),
        }),
      )
    })
    report.time({ id: 'hotplug-ready', name: 'hotplugSeconds', ...plugged.measured })
    if (plugged.outcome === null) {
      const { stdout } = await machine.session.run(disksCommand, commandMilliseconds)
      await context.keepRawOutput('lsblk.txt', `$ ${disksCommand}\n${stdout}`)
      return
    }
    const seen = await untilGuest(context, machine, { isThere: true, limitMilliseconds: limit.milliseconds })
    report.state('hotplug-seen', 'the volume in the guest is', seen ? 'seen' : 'not seen', 'seen')
    const unplugged = await timedUpTo(context, limitSeconds, async () => {
      await context.callSubresource(vm, 'removevolume', { name: volume })
      await context.operation('UNPLUG', volume, () =>
        context.waitFor<VirtualMachineInstance, true>(vmi, {
          describe: `be without volume ${volume}`,
          limit,
          until: (current) => (phaseOf(current) === undefined ? true : undefined),
        }),
      )
      return untilGuest(context, machine, { isThere: false, limitMilliseconds: limit.milliseconds })
    })
    const { measured, outcome } = unplugged
    report.time({
      id: 'hotplug-gone',
      name: 'unplugSeconds',
      ...measured,
      // Who looks in vain until the limit has not seen it go.
      ...(outcome?.value === false && {
        seconds: Math.max(measured.seconds ?? 0, limitSeconds + 0.001),
        detail: 'the guest still has the disk',
      }),
    })
  })
  await report.conclude(context)
}

/** Whether the guest comes to see the disk, or to see it no more. */
async function untilGuest(
  { clock, signal, keepRawOutput }: StorageContext,
  { session }: FeatureMachine,
  wanted: { isThere: boolean; limitMilliseconds: number },
): Promise<boolean> {
  const end = (await clock.now()) + wanted.limitMilliseconds
  for (;;) {
    const { stdout } = await session.run(disksCommand, commandMilliseconds)
    const isThere = stdout.split('\n').some((line) => line.trim().endsWith(` ${serial}`))
    if (isThere === wanted.isThere || (await clock.now()) >= end) {
      await keepRawOutput(`lsblk-${wanted.isThere ? 'plugged' : 'unplugged'}.txt`, `$ ${disksCommand}\n${stdout}`)
      return isThere === wanted.isThere
    }
    await clock.sleep(lookAgainMilliseconds, signal)
  }
}
