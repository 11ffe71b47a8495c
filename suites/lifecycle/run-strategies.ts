/** What each run strategy does with requests and with a guest that shuts itself down. */
import type { RunStrategy } from '../../helpers/kubevirt/virtual-machine.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import { expected } from './answers.ts'
import { powerOff } from './guest-commands.ts'
import { type Bench, logIn, Machine } from './machine.ts'

/** What a strategy promises. */
interface Promises {
  /** The VM runs without being asked. */
  runsAtOnce: boolean
  afterShutdown: 'recreated' | 'stays down'
  /** Answer to a start after the guest has shut itself down; null: it is started again by itself. */
  startAfterShutdown: 'accepted' | 'refused' | null
  /** Answer to a restart while it runs. */
  restart: 'accepted' | 'refused'
  /** Of the VM after it was stopped, and started again. */
  afterStop: RunStrategy
  afterStart: RunStrategy
}

const promises: Record<RunStrategy, Promises> = {
  Always: {
    runsAtOnce: true,
    afterShutdown: 'recreated',
    startAfterShutdown: null,
    restart: 'accepted',
    afterStop: 'Halted',
    afterStart: 'Always',
  },
  // Started, it is Always from then on.
  Halted: {
    runsAtOnce: false,
    afterShutdown: 'recreated',
    startAfterShutdown: null,
    restart: 'accepted',
    afterStop: 'Halted',
    afterStart: 'Always',
  },
  Manual: {
    runsAtOnce: false,
    afterShutdown: 'stays down',
    startAfterShutdown: 'accepted',
    restart: 'accepted',
    afterStop: 'Manual',
    afterStart: 'Manual',
  },
  RerunOnFailure: {
    runsAtOnce: true,
    afterShutdown: 'stays down',
    startAfterShutdown: 'accepted',
    restart: 'accepted',
    afterStop: 'RerunOnFailure',
    afterStart: 'RerunOnFailure',
  },
  Once: {
    runsAtOnce: true,
    afterShutdown: 'stays down',
    startAfterShutdown: 'refused',
    restart: 'refused',
    afterStop: 'Halted',
    afterStart: 'Always',
  },
}

export async function liveRunStrategies(bench: Bench): Promise<void> {
  const { context } = bench
  await context.measure(async () => {
    for (const strategy of context.parameters.runStrategies)
      await context.operation('LIVE', `run strategy ${strategy}`, () => liveWith(bench, strategy))
  })
}

async function liveWith(bench: Bench, strategy: RunStrategy): Promise<void> {
  const { context, report } = bench
  const promised = promises[strategy]
  const vm = await Machine.create(bench, { prefix: strategy.toLowerCase(), runStrategy: strategy })
  const conflict = (text: string) => expected.conflict('virtualmachine', vm.name, text)
  const where = (state: string) => `${strategy}: ${state}`
  const strategyIs = async (wanted: RunStrategy, step: string) =>
    report.state({
      id: 'run-strategy',
      subject: where(step),
      metric: 'run strategy is',
      actual: await vm.runStrategy(),
      limit: wanted,
    })

  if (!promised.runsAtOnce) {
    await vm.status('Stopped', where('after creation'))
    await vm.expect(
      conflict(
        strategy === 'Halted'
          ? 'RunStategy Halted does not support manual restart requests'
          : 'VM is not running: Halted',
      ),
      ['vm', 'restart'],
      where('while Stopped'),
    )
    await vm.expect(conflict('VM is not running'), ['vm', 'stop'], where('while Stopped'))
    await vm.expect(expected.accepted, ['vm', 'start'], where('while Stopped'))
  }
  let machine = await vm.running()
  await vm.status('Running', where(promised.runsAtOnce ? 'after creation' : 'after start'))
  await vm.expect(conflict('VM is already running'), ['vm', 'start'], where('while Running'))
  if (promised.restart === 'refused')
    await vm.expect(
      conflict(`RunStategy ${strategy} does not support manual restart requests`),
      ['vm', 'restart'],
      where('while Running'),
    )
  else {
    await vm.expect(expected.accepted, ['vm', 'restart', { gracePeriodSeconds: 0 }], where('while Running'))
    machine = await vm.running(machine)
  }

  machine = await shutDownInside(bench, vm, machine, { strategy, promised })
  if (promised.startAfterShutdown === 'refused')
    await vm.expect(
      conflict(`${strategy} does not support manual start requests`),
      ['vm', 'start'],
      where('after poweroff'),
    )
  if (promised.startAfterShutdown === 'accepted') {
    await vm.expect(expected.accepted, ['vm', 'start'], where('after poweroff'))
    machine = await vm.running(machine)
  }

  const runs = promised.startAfterShutdown !== 'refused'
  await vm.expect(expected.accepted, ['vm', 'stop'], where(runs ? 'while Running' : 'after poweroff'))
  await strategyIs(promised.afterStop, 'after stop')
  await vm.gone(machine)
  await vm.status('Stopped', where('after stop'))
  await vm.expect(expected.accepted, ['vm', 'start'], where('after stop'))
  await vm.running()
  await strategyIs(promised.afterStart, 'after start')
  await context.release([vm.vm])
}

/** Powers the guest off, and says what became of the VMI. */
async function shutDownInside(
  bench: Bench,
  vm: Machine,
  machine: VirtualMachine,
  { strategy, promised }: { strategy: RunStrategy; promised: Promises },
): Promise<VirtualMachine> {
  const { context, report } = bench
  await powerOff(await logIn(bench, machine))
  const note = (actual: string) =>
    report.state({
      id: 'after-shutdown',
      subject: strategy,
      metric: 'after poweroff in the guest the VM',
      actual,
      limit: promised.afterShutdown,
    })
  if (promised.afterShutdown === 'recreated') {
    const again = await vm.running(machine)
    note('recreated')
    return again
  }
  await vm.status('Stopped', `${strategy}: after poweroff`)
  // Time enough for a controller that would start it again.
  await context.clock.sleep(settleMilliseconds, context.signal)
  const vmi = await vm.vmiIfAny()
  const phase = vmi?.status?.phase ?? ''
  // Some releases remove what has ended, others leave it until the next start.
  const isDown = vmi === undefined || (vmi.metadata.uid === machine.uid && phase === 'Succeeded')
  note(isDown ? 'stays down' : `${vmi.metadata.uid === machine.uid ? 'the same' : 'another'}, in phase ${phase}`)
  return machine
}
const settleMilliseconds = 10_000
