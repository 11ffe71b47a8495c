/** Makes the VMs of a group, and waits until each lets us in. */
import type { CheckupContext, TimeLimit } from '../../fixtures/checkup-context.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import { createKeyPair, type KeyPair } from '../../helpers/guest/ssh-keys.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { describeReference, referenceTo, type ObjectReference } from '../../helpers/kubernetes/resources.ts'
import { WaitFailedError, WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import type { DataVolume, PersistentVolumeClaim } from '../../helpers/kubevirt/claims.ts'
import type { RunStrategy } from '../../helpers/kubevirt/virtual-machine.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { GuestSession } from './guest-session.ts'
import { guestUserData, type GuestFiles } from './guest-files.ts'
import { rootSource, rootVolumeOf, storageMachine, type StorageMachine } from './machines.ts'
import type { VmSize } from './matrix.ts'
import type { StorageParameters } from './parameters.ts'
import type { StoragePool } from './pools.ts'

export type StorageContext = CheckupContext<StorageParameters>

export interface FleetPlan {
  names: readonly string[]
  pool: StoragePool
  vmSize: VmSize
  pvcSize: string
  job: GuestFiles['job']
  runStrategy?: RunStrategy
  /** Whether a fleet that no node has room for is removed at once, since the case goes on with a smaller one. */
  removeWithoutRoom?: boolean
}

export interface FleetMember {
  session: GuestSession
  machine: VirtualMachine
  objects: StorageMachine
  hostKey: KeyPair
}

/** Kept in memory alone. */
export interface AccessKeys {
  user: KeyPair
}

/** So many VMs are created at once, with a pause between. */
const batchSize = 20
const batchPauseMilliseconds = 5000
const lookAgainMilliseconds = 2000

export const limitOf = (
  { parameters, sources }: Pick<StorageContext, 'parameters' | 'sources'>,
  name:
    | 'vmReadyTimeout'
    | 'fioCompletionTimeout'
    | 'sshTimeout'
    | 'cloneTimeout'
    | 'claimTimeout'
    | 'snapshotTimeout'
    | 'hotplugTimeout'
    | 'migrationTimeout',
): TimeLimit => ({
  milliseconds: durationMilliseconds(parameters[name]),
  setBy: `${name}: ${sources[name] ?? 'default'}`,
})

export function accessKeys({ registerSecret }: Pick<StorageContext, 'registerSecret'>): AccessKeys {
  const user = createKeyPair('perf-test')
  registerSecret(user.privateKey)
  return { user }
}

/** VMs of a fleet, in the order of their names; all of them run and let us in. */
export async function bringUp(context: StorageContext, keys: AccessKeys, plan: FleetPlan): Promise<FleetMember[]> {
  await requireRootSource(context)
  const made = await createFleet(context, keys, plan)
  try {
    return await Promise.all(made.map((each) => untilReachable(context, keys, each)))
  } catch (error) {
    // Otherwise they stay for the evidence, until the case is torn down.
    if (plan.removeWithoutRoom === true && isLackOfRoom(error)) await removeFleet(context, made)
    throw error
  }
}

/** Without it the root disks would be waited for until the time is up. Where it may not be read, they are. */
async function requireRootSource({ parameters, reader, sources }: StorageContext): Promise<void> {
  const source = rootSource(parameters)
  if (parameters.rootDiskImage !== undefined || source.kind !== 'data-source') return
  const found = await reader.get({ apiVersion: 'cdi.kubevirt.io/v1beta1', ...source, kind: 'DataSource' })
  if (!('known' in found) || found.known !== null) return
  const setBy = (['dataSourceNamespace', 'dataSourceName'] as const).map(
    (name) => `${name}: ${sources[name] ?? 'default'}`,
  )
  throw new Error(
    `DataSource ${source.namespace}/${source.name} is not there, and the root disks are to be cloned from it (${setBy.join(', ')}); name one of "kubectl get datasources --all-namespaces", or set rootDiskImage or rootDiskUrl`,
  )
}

/** Whether VMs did not start since no node has room for them. */
export const isLackOfRoom = (error: unknown): boolean =>
  error instanceof WaitTimeoutError && /Unschedulable|FailedScheduling|Insufficient/.test(error.message)

export interface MadeMachine {
  objects: StorageMachine
  hostKey: KeyPair
}

async function createFleet(context: StorageContext, keys: AccessKeys, plan: FleetPlan): Promise<MadeMachine[]> {
  const made: MadeMachine[] = []
  for (let begin = 0; begin < plan.names.length; begin += batchSize) {
    if (begin > 0) await context.clock.sleep(batchPauseMilliseconds, context.signal)
    const batch = plan.names.slice(begin, begin + batchSize)
    made.push(...(await Promise.all(batch.map((name) => createMachine(context, keys, plan, name)))))
  }
  return made
}

async function createMachine(
  context: StorageContext,
  keys: AccessKeys,
  { pool, vmSize, pvcSize, job, runStrategy }: FleetPlan,
  name: string,
): Promise<MadeMachine> {
  const { parameters, namespace, runId } = context
  const hostKey = createKeyPair(name)
  context.registerSecret(hostKey.privateKey)
  const objects = storageMachine(
    {
      name,
      namespace,
      runId,
      pool,
      vmSize,
      pvcSize,
      userData: guestUserData({
        vmName: name,
        user: parameters.guestUser,
        userKey: keys.user.publicKey,
        hostKey,
        packages: parameters.guestPackages,
        job,
      }),
      ...(runStrategy !== undefined && { runStrategy }),
    },
    parameters,
  )
  await untilAbsent(context, objects.vm)
  await untilAbsent(context, objects.dataClaim)
  await context.create(objects.secret)
  const dataClaim = await context.create(objects.dataClaim)
  const vm = await context.create(objects.vm)
  return { objects: { ...objects, dataClaim, vm }, hostKey }
}

/** An object of an earlier run that is going would be taken for ours, or make the create fail. */
export async function untilAbsent(context: StorageContext, object: KubernetesObject): Promise<void> {
  const reference = referenceTo(object)
  const limit = limitOf(context, 'vmReadyTimeout')
  const endsAt = (await context.clock.now()) + limit.milliseconds
  for (;;) {
    const reading = await context.reader.get(reference)
    if (!('known' in reading) || reading.known === null) return
    const what = describeReference(reference)
    if (reading.known.metadata.deletionTimestamp === undefined)
      throw new Error(
        `${what} exists already, of another run or of somebody else; remove it (npx kubevirt-acceptance sweep removes what runs left)`,
      )
    if ((await context.clock.now()) >= endsAt)
      throw new Error(`${what} of an earlier run is not gone after ${limit.milliseconds / 1000} s (${limit.setBy})`)
    await context.clock.sleep(lookAgainMilliseconds, context.signal)
  }
}

/** Waits until a VM runs and lets us in. */
async function untilReachable(
  context: StorageContext,
  keys: AccessKeys,
  { objects, hostKey }: MadeMachine,
): Promise<FleetMember> {
  const limit = limitOf(context, 'vmReadyTimeout')
  const machine = await Promise.race([
    context.runningMachine(objects.vm, limit),
    rootVolumeFailure(context, objects, limit),
  ])
  const session = new GuestSession(machine, {
    context,
    username: context.parameters.guestUser,
    userKey: keys.user,
    hostKey,
    limit: limitOf(context, 'sshTimeout'),
  })
  await session.open()
  return { session, machine, objects, hostKey }
}

/** Never resolves; rejects once the root disk can no longer be filled, long before the VM would be given up. */
function rootVolumeFailure(context: StorageContext, { vm }: StorageMachine, limit: TimeLimit): Promise<never> {
  const failure = Promise.withResolvers<never>()
  if (context.parameters.rootDiskImage !== undefined) return failure.promise
  const reference: ObjectReference = {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    namespace: context.namespace,
    name: rootVolumeOf(referenceTo(vm).name),
  }
  const most = context.parameters.maxDvRestarts
  context
    .waitFor<DataVolume, true>(reference, {
      describe: 'be filled',
      limit,
      mayNotExistYet: true,
      until: ({ status }) => (status?.phase === 'Succeeded' ? true : undefined),
      failIf: ({ status }) => {
        const restarts = status?.restartCount ?? 0
        return restarts > most ? `it was restarted ${restarts} times, more than ${most} (maxDvRestarts)` : undefined
      },
    })
    .catch((error: unknown) => {
      const status = error instanceof WaitFailedError ? (error.lastSeen as DataVolume | undefined)?.status : undefined
      // Older releases remove a DataVolume that is filled; and what may not be read says nothing.
      if (status?.phase === 'Failed' || (status?.restartCount ?? 0) > most) failure.reject(error)
    })
  return failure.promise
}

/** Removes a fleet before the end of the case, and waits until it is gone. */
export async function removeFleet(context: StorageContext, fleet: readonly MadeMachine[]): Promise<void> {
  await context.release(fleet.map(({ objects }) => objects.vm))
  await context.release(fleet.flatMap(({ objects }) => [objects.dataClaim, objects.secret]))
}

export interface PoolFacts {
  storageClass: string
  /** null: it may not be read. */
  provisioner: string | null
}

/** What the cluster made of the claims of a pool. */
export async function readPoolFacts(context: StorageContext, claim: PersistentVolumeClaim): Promise<PoolFacts> {
  const bound = await context.reader.get<PersistentVolumeClaim>(referenceTo(claim))
  const storageClass =
    ('known' in bound ? bound.known : null)?.spec.storageClassName ?? claim.spec.storageClassName ?? ''
  const found = await context.reader.get<KubernetesObject & { provisioner?: string }>({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    name: storageClass,
  })
  return { storageClass, provisioner: ('known' in found ? found.known?.provisioner : undefined) ?? null }
}
