/** The VM of a lifecycle case: its manifest, what is asked of it, and what is waited for. */
import type { CheckupContext, TimeLimit } from '../../fixtures/checkup-context.ts'
import type { GuestLogin } from '../../fixtures/guest.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import type { Guest } from '../../helpers/guest/guest.ts'
import { conditionOf } from '../../helpers/kubernetes/conditions.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { type ObjectReference, resourcePath } from '../../helpers/kubernetes/resources.ts'
import { WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import { withCloudInitNoCloud } from '../../helpers/kubevirt/cloud-init.ts'
import { withRng } from '../../helpers/kubevirt/devices.ts'
import { withMemory } from '../../helpers/kubevirt/memory.ts'
import { withLabel } from '../../helpers/kubevirt/metadata.ts'
import { withMasqueradeInterface } from '../../helpers/kubevirt/network.ts'
import { withTerminationGracePeriod } from '../../helpers/kubevirt/placement.ts'
import { withContainerDisk } from '../../helpers/kubevirt/storage.ts'
import type { VirtualMachineInstance, VmiOption } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import {
  type RunStrategy,
  virtualMachine,
  type VirtualMachineObject,
  type VirtualMachineParts,
} from '../../helpers/kubevirt/virtual-machine.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { type Answer, answerOf } from './answers.ts'
import type { LifecycleParameters } from './parameters.ts'
import type { LifecycleReport } from './report.ts'

export type Context = CheckupContext<LifecycleParameters>

/** What the body of each kind of case gets. */
export interface Bench {
  context: Context
  report: LifecycleReport
}

/** Objects of the case have it with a value of their own. */
export const caseLabel = 'kubevirt-acceptance/case'
export const caseLabelValue = ({ runId, caseNumber }: Pick<Context, 'runId' | 'caseNumber'>) =>
  `${runId}-${caseNumber}`.slice(-63).replace(/^[^A-Za-z0-9]+/, '')

export interface MachineParts {
  /** Begins its name. */
  prefix: string
  runStrategy: RunStrategy
  userData?: string | Record<string, unknown>
  networkData?: string | Record<string, unknown>
  dataVolumeTemplates?: VirtualMachineParts['dataVolumeTemplates']
  /** Boots from something else than the containerDisk. */
  bootFrom?: VmiOption
  /** Before the disk of cloud-init. */
  options?: readonly VmiOption[]
}

/** Without userData some images wait for minutes for a metadata service. */
const standardUserData = { package_update: false }
/** A throw-away guest may be cut off; whoever looks for what was written synchronises first. */
const graceSeconds = 0

function manifest(context: Context, parts: MachineParts): VirtualMachineObject {
  const { parameters, namespace, guestMemory } = context
  const { prefix, runStrategy, userData = standardUserData, networkData, dataVolumeTemplates, bootFrom } = parts
  const label = caseLabelValue(context)
  return virtualMachine(
    {
      name: randomName(`lifecycle-${prefix}-`),
      namespace,
      labels: { [caseLabel]: label },
      runStrategy,
      ...(dataVolumeTemplates !== undefined && { dataVolumeTemplates }),
    },
    withLabel(caseLabel, label),
    withTerminationGracePeriod(graceSeconds),
    withMemory(parameters.guestMemory ?? guestMemory),
    withRng(),
    withMasqueradeInterface(),
    bootFrom ?? withContainerDisk(parameters.containerDiskImage, { name: 'rootdisk' }),
    ...(parts.options ?? []),
    withCloudInitNoCloud({ userData, ...(networkData !== undefined && { networkData }) }),
  )
}

interface VmStatus {
  printableStatus?: string
  /** Starts and stops that are not carried out. */
  stateChangeRequests?: unknown[]
  conditions?: unknown
}
export type VmSeen = KubernetesObject & { spec?: { runStrategy?: string }; status?: VmStatus }

export class Machine {
  readonly vm: VirtualMachineObject
  readonly name: string
  readonly reference: ObjectReference
  readonly vmiReference: ObjectReference
  readonly limit: TimeLimit
  readonly #bench: Bench

  private constructor(bench: Bench, vm: VirtualMachineObject) {
    this.#bench = bench
    this.vm = vm
    this.name = vm.metadata.name ?? ''
    const place = { apiVersion: 'kubevirt.io/v1', namespace: bench.context.namespace, name: this.name }
    this.reference = { ...place, kind: 'VirtualMachine' }
    this.vmiReference = { ...place, kind: 'VirtualMachineInstance' }
    this.limit = stepLimit(bench.context)
  }

  static async create(bench: Bench, parts: MachineParts): Promise<Machine> {
    return new Machine(bench, await bench.context.create(manifest(bench.context, parts)))
  }

  /** Calls a subresource of the VM, or of its VMI. */
  ask(of: 'vm' | 'vmi', subresource: string, body?: unknown): Promise<Answer> {
    const { request } = this.#bench.context
    const reference = of === 'vm' ? this.reference : this.vmiReference
    const path = resourcePath(reference, reference.namespace, this.name, subresource)
    const method = ['guestosinfo', 'userlist', 'filesystemlist'].includes(subresource) ? 'GET' : 'PUT'
    return answerOf(request, method, path.replace('/apis/kubevirt.io/', '/apis/subresources.kubevirt.io/'), body)
  }

  /** Calls it, and notes the answer with what it should be. */
  async expect(expected: Answer, [of, subresource, body]: Asked, state: string): Promise<void> {
    const answer = await this.ask(of, subresource, body)
    const options = body === undefined ? '' : ` ${JSON.stringify(body)}`
    // Names are random; reports of several runs are compared.
    const plain = ({ code, text }: Answer): Answer => ({ code, text: text.replaceAll(this.name, 'NAME') })
    this.#bench.report.answer(`${of} ${subresource}${options}, ${state}`, plain(answer), plain(expected))
    if (answer.code !== expected.code && expected.code < 300)
      throw new Error(
        `${subresource} of VM ${this.name}, ${state}: ${answer.code} ${answer.text}, where ${expected.code} was expected; the rest of the case builds upon it`,
      )
  }

  /**
   * Waits for a status, and notes it, or the one that it has when the time is up. A VM whose guest has ended is Stopped while its
   * VMI still goes; until the request is off, too, the next one is answered with 500.
   */
  async status(wanted: string, step: string): Promise<void> {
    let last = 'none'
    try {
      await this.#bench.context.waitFor<VmSeen, true>(this.reference, {
        describe: `become ${wanted}`,
        until: ({ status }) => {
          last = status?.printableStatus ?? 'none'
          return last === wanted && (status?.stateChangeRequests ?? []).length === 0 ? true : undefined
        },
        limit: this.limit,
      })
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error
    }
    this.#bench.report.state({ id: 'vm-status', subject: step, metric: 'status', actual: last, limit: wanted })
  }

  /** Waits until it runs, as another VMI than the given one. */
  async running(than?: VirtualMachine): Promise<VirtualMachine> {
    const { context, report } = this.#bench
    if (than !== undefined) await this.gone(than)
    const machine = await context.runningMachine(this.vm, this.limit)
    report.results['nodeName'] = machine.node
    return machine
  }

  /** Waits until this VMI is gone, or replaced by another. */
  gone({ uid }: Pick<VirtualMachine, 'uid'>): Promise<void> {
    return this.#bench.context.waitUntilGone({ ...this.vmiReference, uid }, this.limit)
  }

  async readVm(): Promise<VmSeen> {
    return this.#read<VmSeen>(this.reference)
  }

  async readVmi(): Promise<VirtualMachineInstance> {
    return this.#read<VirtualMachineInstance>(this.vmiReference)
  }

  /** undefined: there is none. */
  async vmiIfAny(): Promise<VirtualMachineInstance | undefined> {
    const found = await this.#bench.context.reader.get<VirtualMachineInstance>(this.vmiReference)
    return 'known' in found ? (found.known ?? undefined) : undefined
  }

  async runStrategy(): Promise<string> {
    return (await this.readVm()).spec?.runStrategy ?? 'none'
  }

  async #read<T extends KubernetesObject>(reference: ObjectReference): Promise<T> {
    return this.#bench.context.waitFor<T, T>(reference, {
      describe: 'be there',
      until: (object) => object,
      limit: this.limit,
    })
  }

  /** Status of a condition once it is as wanted; else as it is when the time is up. */
  async condition(of: 'vm' | 'vmi', type: string, wanted: string): Promise<string> {
    let last = 'absent'
    try {
      await this.#bench.context.waitFor<KubernetesObject, true>(of === 'vm' ? this.reference : this.vmiReference, {
        describe: `have condition ${type} ${wanted}`,
        until: (object) => {
          last = conditionOf(object, type)?.status ?? 'absent'
          return last === wanted ? true : undefined
        },
        limit: this.limit,
      })
    } catch (error) {
      // That it did not come is what is judged.
      if (!(error instanceof WaitTimeoutError)) throw error
    }
    return last
  }
}

type Asked = readonly [of: 'vm' | 'vmi', subresource: string, body?: unknown]

/** `stepTimeout`, and where it is set. */
export const stepLimit = ({ parameters, sources }: Pick<Context, 'parameters' | 'sources'>): TimeLimit => ({
  milliseconds: durationMilliseconds(parameters.stepTimeout),
  setBy: `stepTimeout (${sources['stepTimeout'] ?? 'default'})`,
})

/** Of the image of the VMs. */
export function consoleLogin({
  parameters,
  registerSecret,
}: Pick<Context, 'parameters' | 'registerSecret'>): GuestLogin {
  const { guestUser: user, guestPassword: password } = parameters
  if (user === undefined || password === undefined) return { access: 'console', login: { style: 'alpine' } }
  registerSecret(password)
  return { access: 'console', login: { style: 'password', user, password } }
}

/** Logs in over the console, and times it from phase Running on. */
export async function logIn({ context, report }: Bench, machine: VirtualMachine): Promise<Guest> {
  const began = await context.clock.now()
  const guest = await context.guest(machine, consoleLogin(context))
  report.time('login', (await context.clock.now()) - began)
  return guest
}

/** What was found out only on the way: ends the case as skipped, unless the profile requires it. */
export function lacks({ context, report }: Bench, reason: string): void {
  report.lacking(reason)
  if (!context.parameters.required) context.skip(reason)
}
