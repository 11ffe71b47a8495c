/** The documented ConfigMap as input: which checkup, with what parameters. Written by people and by user interfaces. */
import { closestName } from '../profile/closest-name.ts'
import type { CheckupContract } from '../run/checkup-contract.ts'
import type { ConfigMap } from './config-map-status.ts'

const timeoutKey = 'spec.timeout'
const parameterPrefix = 'spec.param.'
/** Ours: a whole cluster profile, where one case is not enough. */
export const profileKey = 'spec.profile'
export const checkupTypeLabel = 'kiagnose/checkup-type'

/** Values of the label by checkup, the usual one first. */
const checkupTypes: Readonly<Record<string, readonly string[]>> = {
  latency: ['kubevirt-vm-latency'],
  dpdk: ['kubevirt-dpdk'],
  realtime: ['kubevirt-realtime'],
  storage: ['kubevirt-vm-storage', 'kubevirt-storage'],
}

export const checkupTypeOf = (checkup: string): string => checkupTypes[checkup]?.[0] ?? `kubevirt-${checkup}`

/** Without a limit of its own in the ConfigMap, these take that of the contract. */
const timeoutIsOptional = new Set(['storage', 'platform', 'lifecycle'])

export interface CheckupRequest {
  contract: CheckupContract
  /** A Go duration; undefined: that of the contract. */
  timeout: string | undefined
  /** By documented name; text. */
  parameters: Record<string, string>
  /** A whole cluster profile instead of a single case. */
  profile: string | undefined
  warnings: string[]
}

/** The ConfigMap asks for nothing that can be run. Has every problem; each is to be written into it. */
export class CheckupRequestError extends Error {
  override readonly name = 'CheckupRequestError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join(','))
    this.problems = problems
  }
}

/**
 * @param checkup name of the checkup; undefined: what the label of the ConfigMap says
 * @throws CheckupRequestError with all problems at once
 */
export function readCheckupRequest(
  { metadata, data }: ConfigMap,
  checkup: string | undefined,
  contracts: readonly CheckupContract[],
): CheckupRequest {
  if (data === undefined) throw new CheckupRequestError(['configMap Data field is nil'])
  const contract = chooseContract(checkup, metadata.labels?.[checkupTypeLabel], contracts)
  const problems: string[] = []
  const warnings: string[] = []
  const profile = data[profileKey]
  const timeout = data[timeoutKey]
  if (timeout === undefined && profile === undefined && !timeoutIsOptional.has(contract.name))
    problems.push('timeout field is missing')

  const given = new Map<string, string>()
  for (const [key, value] of Object.entries(data)) {
    if (!key.startsWith(parameterPrefix)) continue
    const name = key.slice(parameterPrefix.length)
    if (name === '') problems.push('param name is illegal')
    else given.set(name, value)
  }
  const parameters: Record<string, string> = {}
  const known = Object.keys(contract.parameters.shape).filter((name) => name !== 'timeout')
  for (const [name, value] of given) {
    const documented = contract.deprecatedNames[name] ?? name
    if (documented !== name) {
      warnings.push(`"${name}" parameter is DEPRECATED, please use the new form: "${documented}"`)
      // As documented: the new form goes before the old one.
      if (given.has(documented)) continue
    }
    if (known.includes(documented)) parameters[documented] = value
    else {
      // Others' tools may leave notes among the parameters; a limit that is misspelt must not be taken for one.
      const closest = closestName(documented, known)
      if (closest !== undefined && !given.has(closest))
        problems.push(`${parameterPrefix}${name}: there is no such parameter; did you mean "${closest}"?`)
      else warnings.push(`${parameterPrefix}${name} is no parameter of checkup ${contract.name}, and is ignored`)
    }
  }
  if (profile !== undefined && given.size > 0)
    problems.push(`${profileKey} and ${parameterPrefix}* were given together; keep one`)
  if (problems.length > 0) throw new CheckupRequestError(problems)
  return { contract, timeout, parameters, profile, warnings }
}

function chooseContract(
  name: string | undefined,
  label: string | undefined,
  contracts: readonly CheckupContract[],
): CheckupContract {
  const names = contracts.map((contract) => contract.name)
  const asked = name ?? names.find((each) => checkupTypes[each]?.includes(label ?? '') || checkupTypeOf(each) === label)
  const contract = contracts.find((each) => each.name === asked)
  if (contract !== undefined) return contract
  const types = names.map(checkupTypeOf).join(', ')
  throw new CheckupRequestError([
    name === undefined
      ? label === undefined
        ? `which checkup is not said: name it as an argument of the container, or set the label ${checkupTypeLabel} of the ConfigMap to one of ${types}`
        : `label ${checkupTypeLabel} is "${label}", which is no checkup of this version; it has ${types}`
      : `there is no checkup "${name}"; there are ${names.join(', ')}`,
  ])
}

/**
 * The cluster profile of a request, as YAML (which JSON is): one case, in the namespace of the service account.
 * @param expiryHours how long the objects may be needed at most
 */
export function profileOfRequest(
  { contract, timeout, parameters }: Pick<CheckupRequest, 'contract' | 'timeout' | 'parameters'>,
  { namespace, expiryHours }: { namespace: string; expiryHours: number },
): string {
  return JSON.stringify({
    apiVersion: 'kubevirt-acceptance/v1',
    name: 'configmap',
    cluster: { kubeconfig: {} },
    namespace: { name: namespace, create: false },
    // The documented checkups wait for their VMs as long as spec.timeout lets them, up to this.
    timeouts: { setup: '15m', objectExpiry: `${expiryHours}h` },
    checkups: { [contract.name]: { cases: [{ ...parameters, ...(timeout !== undefined && { timeout }) }] } },
  })
}

/** Where a problem of such a profile is in the ConfigMap: `spec.param.sourceNode: message`. */
export function problemInConfigMap({ path, message }: { path: string; message: string }): string {
  const [, parameter] = /\.cases\[0\](?:\.(.+))?$/.exec(path) ?? []
  if (parameter === undefined) return message
  if (parameter !== 'timeout') return `${parameterPrefix}${parameter}: ${message}`
  return message.startsWith('a Go duration') || message.includes('Go duration')
    ? `timeout field is illegal: ${timeoutKey}: ${message}`
    : `${timeoutKey}: ${message}`
}
