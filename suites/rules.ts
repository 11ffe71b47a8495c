/**
 * Rules over several parameters that checkups share. `dpdkRules` and the like make a `problemReport`, hand it to
 * `requireBothNodes`, `warnOfUnknownNodes`, `warnOfUnknownNetworks` and rules of their own, and return its problems.
 */
import type { ParameterProblem, ProfileWorld } from '../helpers/run/checkup-contract.ts'
import { parseQuantity } from '../helpers/units/quantity.ts'

/** `Parameters` is the type of the checkup's parameters. */
export interface ProblemReport<Parameters> {
  problems: ParameterProblem[]
  error: (parameter: keyof Parameters & string, message: string) => void
  warn: (parameter: keyof Parameters & string, message: string) => void
}

export function problemReport<Parameters>(): ProblemReport<Parameters> {
  const problems: ParameterProblem[] = []
  return {
    problems,
    error: (parameter, message) => problems.push({ severity: 'error', parameter, message }),
    warn: (parameter, message) => problems.push({ severity: 'warning', parameter, message }),
  }
}

/** Parameters of which those called `Name` hold text, or nothing. */
type Texts<Name extends string> = { readonly [name in Name]?: string | undefined }

export function requireBothNodes<Name extends string>(
  of: Texts<Name>,
  [first, second]: readonly [first: Name, second: Name],
  { error }: Pick<ProblemReport<Texts<Name>>, 'error'>,
): void {
  for (const [given, missing] of [[first, second] as const, [second, first] as const])
    if (of[given] !== undefined && of[missing] === undefined)
      error(given, `${given} without ${missing}; give both nodes or neither`)
}

export function warnOfUnknownNodes<Name extends string>(
  of: Texts<Name>,
  parameters: readonly Name[],
  { nodes }: ProfileWorld,
  { warn }: Pick<ProblemReport<Texts<Name>>, 'warn'>,
): void {
  for (const parameter of parameters) {
    const node = of[parameter]
    if (node !== undefined && nodes && !nodes.includes(node))
      warn(parameter, `no schedulable node "${node}" in the profile; it has ${nodes.join(', ')}`)
  }
}

/** @param parameters names of NetworkAttachmentDefinitions in `networkAttachmentDefinitionNamespace` */
export function warnOfUnknownNetworks<Name extends string>(
  of: Texts<Name> & { readonly networkAttachmentDefinitionNamespace: string },
  parameters: readonly Name[],
  { networks, namespace: local }: ProfileWorld,
  { warn }: Pick<ProblemReport<Texts<Name>>, 'warn'>,
): void {
  const { networkAttachmentDefinitionNamespace: namespace } = of
  for (const parameter of parameters) {
    const name = of[parameter]
    if (name === undefined || networks === null) continue
    const qualified = `${namespace}/${name}`
    if (!networks.includes(qualified) && !(namespace === local && networks.includes(name)))
      warn(parameter, `no network "${qualified}" in the profile; it has ${networks.join(', ') || 'none'}`)
  }
}

/** Of a VM with dedicated CPUs and hugepages. */
export interface DedicatedMachine {
  readonly cpuCores: number
  readonly cpuSockets: number
  readonly cpuThreads: number
  readonly guestMemory: string
  readonly hugepageSize: string
}

/**
 * @param minimum how many CPUs the checkup needs
 * @param use what for, e.g. `at least 4 are needed: ...`
 */
export function requireDedicatedCpus(
  count: number,
  { minimum, use }: { minimum: number; use: string },
  { error }: Pick<ProblemReport<DedicatedMachine>, 'error'>,
): void {
  const asked = `cpuSockets x cpuCores x cpuThreads is ${count}`
  if (count % 2 === 1)
    error(
      'cpuCores',
      `${asked}; an odd number of dedicated CPUs splits a physical core on nodes with hyper-threads, which refuse it with SMTAlignmentError. Use an even one`,
    )
  else if (count < minimum) error('cpuCores', `${asked}; ${use}`)
}

export function requireWholeHugepages(
  { guestMemory, hugepageSize }: DedicatedMachine,
  { error }: Pick<ProblemReport<DedicatedMachine>, 'error'>,
): void {
  if (parseQuantity(guestMemory) % parseQuantity(hugepageSize) !== 0n)
    error('guestMemory', `${guestMemory} is not a multiple of hugepageSize: ${hugepageSize}`)
}
