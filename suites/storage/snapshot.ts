/** Procedure snapshot: a VM is snapshotted while it runs, changed, and restored. */
import type { Condition, KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { limitOf, type StorageContext } from './bring-up.ts'
import { oneMachine, runIn, startMachine, stopMachine } from './feature-machine.ts'
import { FeatureReport, timedUpTo } from './feature-report.ts'
import { dataDirectory } from './benchmark-script.ts'

type Snapshot = KubernetesObject & {
  status?: { phase?: string; readyToUse?: boolean; indications?: string[]; conditions?: Condition[] }
}
type Restore = KubernetesObject & { status?: { complete?: boolean; conditions?: Condition[] } }

const apiVersion = 'snapshot.kubevirt.io/v1beta1'
const file = `${dataDirectory}/snapshot-test`
/** Random, so that no storage can guess it. */
const writeCommand = `sudo dd if=/dev/urandom of=${file} bs=1M count=64 && sync`
const checksumCommand = `sudo sha256sum ${file}`

const checksumOf = (output: string): string => output.trim().split(/\s/)[0] ?? ''

export async function runSnapshot(context: StorageContext): Promise<void> {
  const report = new FeatureReport()
  const limit = limitOf(context, 'snapshotTimeout')
  const limitSeconds = limit.milliseconds / 1000
  const machine = await context.provision(() => oneMachine(context))
  const { name } = machine.machine
  const target = { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name }
  await context.measure(async () => {
    await runIn(machine, writeCommand)
    const before = checksumOf(await runIn(machine, checksumCommand))
    const snapshotName = `${name}-snapshot`
    const snapshot = await timedUpTo(context, limitSeconds, async () => {
      const created = await context.create<Snapshot>({
        apiVersion,
        kind: 'VirtualMachineSnapshot',
        metadata: { name: snapshotName, namespace: context.namespace },
        spec: { source: target },
      })
      return context.operation('SNAP', snapshotName, () =>
        context.waitFor<Snapshot, Snapshot>(created, {
          describe: 'be ready to use',
          limit,
          until: (seen) => (seen.status?.readyToUse === true && seen.status.phase === 'Succeeded' ? seen : undefined),
          failIf: ({ status }) => (status?.phase === 'Failed' ? 'its phase is Failed' : undefined),
        }),
      )
    })
    report.time({ id: 'snapshot-ready', name: 'snapshotSeconds', ...snapshot.measured })
    const keepChecksums = (rest: string) =>
      context.keepRawOutput('checksums.txt', `before the snapshot: ${before}\n${rest}`)
    if (snapshot.outcome === null) {
      await keepChecksums('')
      return
    }
    report.results['snapshotIndications'] = snapshot.outcome.value.status?.indications?.join(',') ?? ''
    await runIn(machine, writeCommand)
    const changed = checksumOf(await runIn(machine, checksumCommand))
    await stopMachine(context, machine)
    const restore = await timedUpTo(context, limitSeconds, async () => {
      const created = await context.create<Restore>({
        apiVersion,
        kind: 'VirtualMachineRestore',
        metadata: { name: `${name}-restore`, namespace: context.namespace },
        spec: { target, virtualMachineSnapshotName: snapshotName },
      })
      return context.operation('RESTORE', `${name}-restore`, () =>
        context.waitFor<Restore, true>(created, {
          describe: 'be complete',
          limit,
          until: ({ status }) => (status?.complete === true ? true : undefined),
        }),
      )
    })
    report.time({ id: 'restore-complete', name: 'restoreSeconds', ...restore.measured })
    if (restore.outcome === null) {
      await keepChecksums(`after it: ${changed}\n`)
      return
    }
    await startMachine(context, machine)
    const restored = await machine.session.run(checksumCommand, limit.milliseconds)
    const after = restored.exitCode === 0 ? checksumOf(restored.stdout) : null
    await keepChecksums(`after it: ${changed}\nafter the restore: ${after ?? restored.stdout.trim()}\n`)
    const asBefore = 'as before the snapshot'
    report.state(
      'restored-data',
      'the data after the restore is',
      after === before
        ? asBefore
        : after === changed
          ? 'as after the snapshot'
          : after === null
            ? 'gone'
            : 'of neither time',
      asBefore,
    )
  })
  await report.conclude(context)
}
