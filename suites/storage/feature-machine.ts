/** VMs of the procedures besides fio: small, with a data disk of the pool. */
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { referenceTo, type ObjectReference } from '../../helpers/kubernetes/resources.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { accessKeys, bringUp, limitOf, type FleetMember, type FleetPlan, type StorageContext } from './bring-up.ts'
import type { GuestFiles } from './guest-files.ts'
import type { VmSize } from './matrix.ts'
import { poolsOf, storageMatrix } from './plan.ts'
import type { StoragePool } from './pools.ts'

export interface FeatureMachine extends FleetMember {
  pool: StoragePool
  vmSize: VmSize
  pvcSize: string
}

const commandMilliseconds = 120_000

/** What a VM of a procedure is like: of the first pool, size and volume size. */
export function featureFleet({ parameters }: StorageContext, vms: number, job: GuestFiles['job'] = null): FleetPlan {
  const [pool] = poolsOf(parameters)
  const [vmSize] = storageMatrix(parameters).vmSizes
  const [pvcSize] = parameters.pvcSizes
  if (pool === undefined || vmSize === undefined || pvcSize === undefined)
    throw new Error('the case has no pool or size')
  const prefix = `perf-${parameters.procedure}-${pool.name.replaceAll('.', '-').slice(0, 30)}-`
  const end = randomName('')
  return {
    names: Array.from({ length: vms }, (_, index) => `${prefix}${end}-${index + 1}`),
    pool,
    vmSize,
    pvcSize,
    job,
  }
}

export async function oneMachine(context: StorageContext, job: GuestFiles['job'] = null): Promise<FeatureMachine> {
  const plan = featureFleet(context, 1, job)
  const [member] = await bringUp(context, accessKeys(context), plan)
  if (member === undefined) throw new Error('no VM was made')
  const { pool, vmSize, pvcSize } = plan
  return { ...member, pool, vmSize, pvcSize }
}

/** @throws Error when the command fails: what comes after it relies on it */
export async function runIn({ session }: Pick<FleetMember, 'session'>, command: string): Promise<string> {
  const { stdout, exitCode } = await session.run(command, commandMilliseconds)
  if (exitCode !== 0)
    throw new Error(`${command} in ${session.name} ended with ${exitCode}: ${stdout.trim().slice(-300)}`)
  return stdout
}

export const vmReference = ({ objects }: Pick<FleetMember, 'objects'>): ObjectReference => {
  const { uid: _uid, ...reference } = referenceTo(objects.vm)
  return reference
}

export const vmiReference = (member: Pick<FleetMember, 'objects'>): ObjectReference => ({
  ...vmReference(member),
  kind: 'VirtualMachineInstance',
})

type VmStatus = KubernetesObject & { status?: { printableStatus?: string; created?: boolean } }

export async function stopMachine(context: StorageContext, member: FleetMember): Promise<void> {
  await context.callSubresource(vmReference(member), 'stop', {})
  await context.waitFor<VmStatus, true>(vmReference(member), {
    describe: 'stop',
    limit: limitOf(context, 'vmReadyTimeout'),
    // Its VMI is there for a moment after it has stopped.
    until: ({ status }) => (status?.printableStatus === 'Stopped' && status.created !== true ? true : undefined),
  })
}

/** Starts it again, and waits until it lets us in. */
export async function startMachine(context: StorageContext, member: FleetMember): Promise<void> {
  await context.callSubresource(vmReference(member), 'start', {})
  const machine = await context.runningMachine(member.objects.vm, limitOf(context, 'vmReadyTimeout'))
  await member.session.moveTo(machine)
  await member.session.open()
}
