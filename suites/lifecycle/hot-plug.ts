/** Volumes that are plugged into a running VM, and out of it. */
import type { VirtualMachineInstance } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import type { Guest } from '../../helpers/guest/guest.ts'
import { WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import { expected } from './answers.ts'
import { diskMarkerState, disksOf, writeOnDisk } from './data-disk.ts'
import { type Bench, lacks, logIn, Machine } from './machine.ts'
import { createVolume, untilFilled } from './volumes.ts'

const text = 'plugged-in'

export async function liveHotPlug(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { clock } = context
  const { vm, machine } = await context.provision(async () => {
    const made = await Machine.create(bench, { prefix: 'hotplug', runStrategy: 'Always' })
    return { vm: made, machine: await made.running() }
  })
  await context.measure(async () => {
    const volume = await createVolume(bench, { prefix: 'plugged', source: { kind: 'blank' } })
    await untilFilled(bench, volume)
    const name = volume.metadata.name ?? ''
    const guest = await logIn(bench, machine)
    const before = await disksOf(guest)
    const plug = {
      name,
      disk: { name, serial: 'PLUGGED', disk: { bus: 'scsi' } },
      volumeSource: { dataVolume: { name, hotpluggable: true } },
    }
    const trial = await vm.ask('vm', 'addvolume', { ...plug, dryRun: ['All'] })
    if (trial.text.includes('feature gate')) {
      lacks(bench, `volumes cannot be plugged into running VMs: ${trial.text}`)
      return
    }
    const asked = await clock.now()
    const plain = { ...plug, name: 'VOLUME' }
    report.answer('vm addvolume, while Running', await vm.ask('vm', 'addvolume', plug), expected.accepted)
    const phase = await volumePhase(bench, vm, name, 'Ready')
    if (phase === 'Ready') report.time('hotPlug', (await clock.now()) - asked)
    const added = (await disksOf(guest)).filter((disk) => !before.includes(disk))
    report.state({
      id: 'hot-plugged',
      subject: 'plugged in',
      metric: `${plain.name.toLowerCase()} in phase ${phase}: the guest has`,
      actual: added.length === 1 ? 'one disk more' : `${added.length} disks more`,
      limit: 'one disk more',
    })
    const [disk] = added
    if (disk === undefined) return
    await useDisk(bench, guest, `/dev/${disk}`)
    report.answer('vm removevolume, while Running', await vm.ask('vm', 'removevolume', { name }), expected.accepted)
    const gone = await volumePhase(bench, vm, name, 'gone')
    const left = (await disksOf(guest)).filter((each) => !before.includes(each))
    report.state({
      id: 'hot-plugged',
      subject: 'plugged out',
      metric: `volume in phase ${gone}: the guest has`,
      actual: left.length === 0 ? 'no disk more' : `${left.length} disks more`,
      limit: 'no disk more',
    })
  })
}

async function useDisk({ report }: Bench, guest: Guest, device: string): Promise<void> {
  await writeOnDisk(guest, device, text)
  report.state({
    id: 'marker',
    subject: 'plugged disk',
    metric: 'what was written onto it is',
    actual: await diskMarkerState(guest, device, text),
    limit: 'kept',
  })
}

/** Phase of the volume once it is as wanted; `gone` when the VMI no longer tells of it; else as it is when time is up. */
async function volumePhase({ context }: Bench, vm: Machine, name: string, wanted: string): Promise<string> {
  let last = 'gone'
  try {
    await context.waitFor<VirtualMachineInstance, true>(vm.vmiReference, {
      describe: `have volume ${name} ${wanted}`,
      until: (vmi) => {
        const { volumeStatus = [] } = (vmi.status ?? {}) as { volumeStatus?: { name: string; phase?: string }[] }
        const status = volumeStatus.find((each) => each.name === name)
        last = status === undefined ? 'gone' : (status.phase ?? 'unknown')
        return last === wanted ? true : undefined
      },
      limit: vm.limit,
    })
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
  }
  return last
}
