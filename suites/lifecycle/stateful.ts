/** Stateful VMs: what is on an uploaded volume is still there when the VM is stopped and started. */
import { createKeyPair, sshCloudConfig } from '../../helpers/guest/ssh-keys.ts'
import type { Guest } from '../../helpers/guest/guest.ts'
import { withDataVolume } from '../../helpers/kubevirt/storage.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import type { GuestLogin } from '../../fixtures/guest.ts'
import { dataDisk, diskMarkerState, withDataSerial, writeOnDisk } from './data-disk.ts'
import { bootId, markerState, writeMarker } from './guest-commands.ts'
import { type Bench, logIn, Machine } from './machine.ts'
import { startStopped, stopRunning } from './stateless.ts'
import { imageOf, uploadVolume } from './upload-image.ts'
import { findUploadProxy } from './upload-proxy.ts'
import { judgeClaim } from './volumes.ts'

/** Of whoever logs in: others need no rights on the root directory. */
const marker = './lifecycle-marker'

export async function liveStateful(bench: Bench): Promise<void> {
  const { context } = bench
  const address = await findUploadProxy(context)
  if ('reason' in address) throw new Error(address.reason)
  await context.measure(async () => {
    const { volume, filled } = await uploadVolume(bench, address, await imageOf(context))
    if (filled === null) return
    judgeClaim(bench, filled.claim)
    const name = volume.metadata.name ?? ''
    await (context.parameters.imagePath === undefined ? liveWithDataDisk(bench, name) : liveFromImage(bench, name))
  })
}

/** A blank image becomes a disk beside that of the system. */
async function liveWithDataDisk(bench: Bench, volume: string): Promise<void> {
  const options = [withDataVolume(volume, 'data'), withDataSerial('data')]
  const vm = await Machine.create(bench, { prefix: 'stateful', runStrategy: 'Halted', options })
  await vm.status('Stopped', 'after creation')
  await survive(bench, vm, {
    open: (machine) => logIn(bench, machine),
    write: async (guest, text) => writeOnDisk(guest, await dataDisk(guest), text),
    state: async (guest, text) => diskMarkerState(guest, await dataDisk(guest), text),
    disk: 'uploaded disk',
  })
}

/** The system itself is on the volume; images of distributions let nobody in but by the key that cloud-init puts there. */
async function liveFromImage(bench: Bench, volume: string): Promise<void> {
  const { context, report } = bench
  const { sshUser: username } = context.parameters
  const [user, host] = [createKeyPair('kubevirt-acceptance'), createKeyPair('host')]
  for (const { privateKey } of [user, host]) context.registerSecret(privateKey)
  const login: GuestLogin = { access: 'ssh', username, privateKey: user.privateKey, hostKey: host.publicKey }
  const vm = await Machine.create(bench, {
    prefix: 'stateful',
    runStrategy: 'Halted',
    bootFrom: withDataVolume(volume, 'rootdisk'),
    userData: sshCloudConfig({ user: username, userKey: user.publicKey, hostKey: host }),
  })
  await vm.status('Stopped', 'after creation')
  await survive(bench, vm, {
    open: async (machine) => {
      const began = await context.clock.now()
      const guest = await context.guest(machine, login)
      report.time('login', (await context.clock.now()) - began)
      return guest
    },
    write: (guest, text) => writeMarker(guest, marker, text),
    state: (guest, text) => markerState(guest, marker, text),
    disk: 'uploaded image',
  })
}

interface Survival {
  open: (machine: VirtualMachine) => Promise<Guest>
  write: (guest: Guest, text: string) => Promise<void>
  /** `kept` or what else. */
  state: (guest: Guest, text: string) => Promise<string>
  disk: string
}

async function survive(bench: Bench, vm: Machine, { open, write, state, disk }: Survival): Promise<void> {
  const { report } = bench
  const first = await startStopped(bench, vm)
  const guest = await open(first)
  const boot = await bootId(guest)
  await write(guest, boot)
  await stopRunning(bench, vm, first)
  const second = await startStopped(bench, vm)
  const again = await open(second)
  report.state({
    id: 'boot-id',
    subject: 'stop and start',
    metric: 'boot id of the guest',
    actual: (await bootId(again)) === boot ? 'the same' : 'changed',
    limit: 'changed',
  })
  report.state({
    id: 'marker',
    subject: `${disk}, stop and start`,
    metric: 'a file on it is',
    actual: await state(again, boot),
    limit: 'kept',
  })
  await stopRunning(bench, vm, second)
}
