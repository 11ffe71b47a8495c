/** Every legal transition of a VM, and what is refused in each state. */
import type { Guest } from '../../helpers/guest/guest.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import { answerOf, expected } from './answers.ts'
import { bootId, Heartbeat } from './guest-commands.ts'
import { type Bench, logIn, Machine } from './machine.ts'
import { startStopped, stopRunning } from './stateless.ts'

const heartbeatMilliseconds = 200
/** Beats that a busy machine, and the time of the answers, may add. */
const beatsInTransit = 5

export async function liveStateTable(bench: Bench): Promise<void> {
  const { context } = bench
  const vm = await context.provision(() => Machine.create(bench, { prefix: 'states', runStrategy: 'Halted' }))
  await context.measure(async () => {
    await vm.status('Stopped', 'after creation')
    await refuseWhatIsNotThere(bench)
    await refuseWhileStopped(vm)
    const machine = await startStopped(bench, vm)
    const guest = await logIn(bench, machine)
    await refuseWhileRunning(vm)
    const boot = await bootId(guest)
    await pauseAndGoOn(bench, vm, guest)
    await sameBoot(bench, guest, boot, 'pause')
    const rebooted = await softReboot(bench, vm, machine, boot)
    const restarted = await restart(bench, vm, machine, rebooted)
    await stopRunning(bench, vm, restarted)
    await vm.expect(vmConflict(vm, 'VM is not running'), ['vm', 'stop'], 'while Stopped again')
  })
}

const vmConflict = ({ name }: Machine, text: string) => expected.conflict('virtualmachine', name, text)
const vmiConflict = ({ name }: Machine, text: string) => expected.conflict('virtualmachineinstance', name, text)

async function refuseWhatIsNotThere({ context, report }: Bench): Promise<void> {
  const name = randomName('lifecycle-absent-')
  for (const [kind, subresource] of [
    ['virtualmachine', 'start'],
    ['virtualmachine', 'stop'],
    ['virtualmachine', 'restart'],
    ['virtualmachineinstance', 'pause'],
    ['virtualmachineinstance', 'unpause'],
  ] as const) {
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/${context.namespace}/${kind}s/${name}/${subresource}`
    const { code, text } = await answerOf(context.request, 'PUT', path, {})
    const wanted = expected.notFound(kind, 'NAME')
    report.answer(
      `${subresource} of a ${kind} that does not exist`,
      { code, text: text.replaceAll(name, 'NAME') },
      wanted,
    )
  }
}

async function refuseWhileStopped(vm: Machine): Promise<void> {
  const state = 'while Stopped'
  await vm.expect(vmConflict(vm, 'VM is not running'), ['vm', 'stop'], state)
  await vm.expect(
    vmConflict(vm, 'RunStategy Halted does not support manual restart requests'),
    ['vm', 'restart'],
    state,
  )
  await vm.expect(expected.notFound('virtualmachineinstance', vm.name), ['vm', 'migrate'], state)
  await vm.expect(expected.notFound('virtualmachineinstance', vm.name), ['vmi', 'pause'], state)
  await vm.expect(expected.notFound('virtualmachineinstance', vm.name), ['vmi', 'softreboot'], state)
}

async function refuseWhileRunning(vm: Machine): Promise<void> {
  const state = 'while Running'
  await vm.expect(vmConflict(vm, 'VM is already running'), ['vm', 'start'], state)
  await vm.expect(vmiConflict(vm, 'VMI is not paused'), ['vmi', 'unpause'], state)
  await vm.expect(
    expected.badRequest('For force restart, only gracePeriod=0 is supported for now'),
    ['vm', 'restart', { gracePeriodSeconds: 5 }],
    state,
  )
  await vm.expect(
    expected.badRequest('gracePeriod has to be greater or equal to 0'),
    ['vm', 'restart', { gracePeriodSeconds: -1 }],
    state,
  )
  await vm.expect(expected.done, ['vmi', 'pause', { dryRun: ['All'] }], state)
  await vm.status('Running', 'after a dry run of pause')
}

async function pauseAndGoOn({ context, report }: Bench, vm: Machine, guest: Guest): Promise<void> {
  const { clock, parameters, signal } = context
  const pauseMilliseconds = durationMilliseconds(parameters.pauseDuration)
  const heartbeat = await Heartbeat.start(guest, heartbeatMilliseconds)
  const before = await heartbeat.beats()
  const [began, uncounted] = [await clock.now(), before.length]
  await vm.expect(expected.done, ['vmi', 'pause'], 'while Running')
  const paused = await clock.now()
  await vm.status('Paused', 'after pause')
  await vm.expect(vmiConflict(vm, 'VMI is already paused'), ['vmi', 'pause'], 'while Paused')
  await vm.expect(vmiConflict(vm, 'VMI is paused'), ['vmi', 'softreboot'], 'while Paused')
  await vm.expect(vmConflict(vm, 'VM is already running'), ['vm', 'start'], 'while Paused')
  // The VM follows its VMI.
  for (const kind of ['vmi', 'vm'] as const) {
    const actual = await vm.condition(kind, 'Ready', 'False')
    report.state({ id: 'paused-not-ready', subject: kind.toUpperCase(), metric: 'Ready is', actual, limit: 'False' })
  }
  const stillToWait = paused + pauseMilliseconds - (await clock.now())
  if (stillToWait > 0) await clock.sleep(stillToWait, signal)
  const stood = (await clock.now()) - paused
  await vm.expect(expected.done, ['vmi', 'unpause'], 'while Paused')
  await vm.status('Running', 'after unpause')
  await vm.expect(vmiConflict(vm, 'VMI is not paused'), ['vmi', 'unpause'], 'while Running again')
  const beats = (await heartbeat.beats()).length - uncounted
  const atMost = Math.ceil(((await clock.now()) - began - stood) / heartbeatMilliseconds) + beatsInTransit
  await heartbeat.stop()
  report.measure({ name: 'guestHeartbeats', value: beats, unit: 'count', better: 'lower' })
  report.state({
    id: 'paused-guest-stands-still',
    metric: `of ${beats} beats in the guest`,
    actual: beats <= atMost ? 'no beat while paused' : `${beats - atMost} or more came while it was paused`,
    limit: 'no beat while paused',
  })
}

async function sameBoot({ report }: Bench, guest: Guest, boot: string, subject: string): Promise<void> {
  const actual = (await bootId(guest)) === boot ? 'the same' : 'changed'
  report.state({ id: 'boot-id', subject, metric: 'boot id of the guest', actual, limit: 'the same' })
}

/** The same VMI, booted anew. */
async function softReboot(bench: Bench, vm: Machine, machine: VirtualMachine, boot: string): Promise<string> {
  const { clock, signal } = bench.context
  await vm.expect(expected.done, ['vmi', 'softreboot'], 'while Running')
  // Until it is down: whoever is faster meets the old system.
  await clock.sleep(goingDownMilliseconds, signal)
  const guest = await logIn(bench, machine)
  const now = await bootId(guest)
  const { report } = bench
  const metric = 'boot id of the guest'
  const actual = now === boot ? 'the same' : 'changed'
  report.state({ id: 'boot-id', subject: 'softreboot', metric, actual, limit: 'changed' })
  report.state({
    id: 'vm-status',
    subject: 'after softreboot',
    metric: 'VMI',
    actual: (await vm.readVmi()).metadata.uid === machine.uid ? 'the same' : 'another',
    limit: 'the same',
  })
  return now
}
const goingDownMilliseconds = 10_000

async function restart(bench: Bench, vm: Machine, machine: VirtualMachine, boot: string): Promise<VirtualMachine> {
  const { context, report } = bench
  const asked = await context.clock.now()
  await vm.expect(expected.accepted, ['vm', 'restart', { gracePeriodSeconds: 0 }], 'while Running')
  const restarted = await vm.running(machine)
  report.time('restart', (await context.clock.now()) - asked)
  await vm.status('Running', 'after restart')
  const guest = await logIn(bench, restarted)
  const actual = (await bootId(guest)) === boot ? 'the same' : 'changed'
  report.state({ id: 'boot-id', subject: 'restart', metric: 'boot id of the guest', actual, limit: 'changed' })
  return restarted
}
