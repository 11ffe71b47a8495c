/** Stateless VMs: what is on a containerDisk is gone after a restart. */
import type { Guest } from '../../helpers/guest/guest.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import { expected } from './answers.ts'
import { bootId, markerState, succeed, writeMarker } from './guest-commands.ts'
import { type Bench, logIn, Machine } from './machine.ts'
import { phaseTransitionsOf } from './report.ts'

/** Of whoever logs in: not everybody may write elsewhere. */
const marker = './lifecycle-marker'

export async function liveStateless(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { parameters, clock, operation } = context
  const vm = await context.provision(() => Machine.create(bench, { prefix: 'stateless', runStrategy: 'Halted' }))
  await context.measure(async () => {
    await vm.status('Stopped', 'after creation')
    for (let round = 1; round <= parameters.repeats; round++) {
      const first = await operation('LIVE', `${vm.name}, round ${round}`, () => startStopped(bench, vm))
      const guest = await logIn(bench, first)
      if (round === 1) await compareAddress(bench, guest, first)
      const boot = await bootId(guest)
      await writeMarker(guest, marker, boot)
      const asked = await clock.now()
      await vm.expect(expected.accepted, ['vm', 'restart'], 'while Running')
      const second = await vm.running(first)
      report.time('restart', (await clock.now()) - asked)
      await vm.status('Running', `after restart ${round}`)
      const again = await logIn(bench, second)
      report.state({
        id: 'boot-id',
        subject: `restart ${round}`,
        metric: 'boot id of the guest',
        actual: (await bootId(again)) === boot ? 'the same' : 'changed',
        limit: 'changed',
      })
      report.state({
        id: 'marker',
        subject: `containerDisk, restart ${round}`,
        metric: 'a file on it is',
        actual: await markerState(again, marker, boot),
        limit: 'gone',
      })
      await stopRunning(bench, vm, second)
    }
  })
}

/** Starts a VM that is Stopped, and times it. */
export async function startStopped({ context, report }: Bench, vm: Machine): Promise<VirtualMachine> {
  const asked = await context.clock.now()
  await vm.expect(expected.accepted, ['vm', 'start'], 'while Stopped')
  const machine = await vm.running()
  report.time('start', (await context.clock.now()) - asked)
  report.phases(`VMI ${vm.name}`, phaseTransitionsOf(machine.vmi))
  return machine
}

/** Stops a VM that is Running, and times it. */
export async function stopRunning({ context, report }: Bench, vm: Machine, machine: VirtualMachine): Promise<void> {
  const asked = await context.clock.now()
  await vm.expect(expected.accepted, ['vm', 'stop'], 'while Running')
  await vm.gone(machine)
  await vm.status('Stopped', 'after stop')
  report.time('stop', (await context.clock.now()) - asked)
}

/** Behind masquerade every guest has the address that virt-launcher gives it. */
const masqueradeAddress = '10.0.2.2'

async function compareAddress({ report }: Bench, guest: Guest, { vmi }: VirtualMachine): Promise<void> {
  const listed = await succeed(guest, 'ip -4 addr show')
  const addresses = [...listed.matchAll(/inet (\d+\.\d+\.\d+\.\d+)/g)].map(([, address]) => address)
  const { interfaces = [] } = (vmi.status ?? {}) as { interfaces?: { ipAddress?: string }[] }
  const masquerade = vmi.spec.domain.devices.interfaces?.some((each) => each.masquerade !== undefined) === true
  const wanted = masquerade ? masqueradeAddress : (interfaces[0]?.ipAddress ?? 'none')
  report.state({
    id: 'guest-address',
    metric: `${masquerade ? 'behind masquerade' : 'on the pod network'} the guest has`,
    actual: addresses.includes(wanted) ? wanted : addresses.filter((each) => each !== '127.0.0.1').join(', ') || 'none',
    limit: wanted,
  })
  report.state({
    id: 'guest-address',
    subject: 'status of the VMI',
    metric: 'ipAddress is',
    actual: interfaces[0]?.ipAddress === undefined ? 'missing' : 'there',
    limit: 'there',
  })
}
