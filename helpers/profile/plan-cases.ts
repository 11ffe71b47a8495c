/** From the `checkups` of a profile to single cases: defaults applied, matrices expanded, rules checked. */
import type { z } from 'zod'
import type { CheckupContract, JsonValue, ProfileWorld } from '../run/checkup-contract.ts'
import { durationMilliseconds } from '../units/duration.ts'
import { hasDigest, resolveImage } from './images.ts'
import type { PlannedCase } from './loaded-profile.ts'
import type { ProfilePath } from './profile-document.ts'
import type { CheckupSection, ProfileImages } from './profile-schema.ts'
import { allowedText, schemaProblems } from './schema-problems.ts'

/** Where problems go and places come from; the paths are those of the documented names. */
export interface Places {
  error(path: ProfilePath, message: string, at?: 'key' | 'value'): void
  warn(path: ProfilePath, message: string): void
  place(path: ProfilePath): string
}

interface Planning {
  contract: CheckupContract
  world: ProfileWorld
  images: ProfileImages
  places: Places
}

/** A value as written, and where. */
interface Written {
  value: unknown
  path: ProfilePath
}

export function planCases(section: CheckupSection, planning: Planning): PlannedCase[] {
  const { contract, places } = planning
  const root = ['checkups', contract.name]
  const defaults = new Map<string, Written>()
  if (section.timeout !== undefined) defaults.set('timeout', { value: section.timeout, path: [...root, 'timeout'] })
  for (const [key, value] of Object.entries(section.defaults ?? {}))
    defaults.set(key, { value, path: [...root, 'defaults', key] })

  const firstWithId = new Map<string, ProfilePath>()
  return section.cases.flatMap(({ name, matrix, ...own }, index) => {
    const path = [...root, 'cases', index]
    return expand(own, matrix, path, planning).flatMap((given) => {
      const planned = planCase(name, matrix !== undefined, new Map([...defaults, ...given]), path, planning)
      return planned.filter(({ id }) => {
        const first = firstWithId.get(id)
        if (first === undefined) firstWithId.set(id, path)
        else
          places.error(
            path,
            `the case id "${id}" is taken by the case at ${places.place(first)}; give one of them a name`,
            'key',
          )
        return first === undefined
      })
    })
  })
}

/** One map of written parameters per combination of the axes; just one without a matrix. */
function expand(
  own: Record<string, unknown>,
  matrix: Record<string, unknown> | undefined,
  path: ProfilePath,
  { contract, world, places }: Planning,
): Map<string, Written>[] {
  const shared = new Map<string, Written>()
  for (const [key, value] of Object.entries(own)) shared.set(key, { value, path: [...path, key] })
  if (matrix === undefined) return [shared]
  for (const [key, value] of Object.entries(matrix))
    if (contract.axes[key] === undefined) shared.set(key, { value, path: [...path, 'matrix', key] })

  let expanded = [shared]
  for (const [name, axis] of Object.entries(contract.axes)) {
    if (matrix[name] === undefined) continue
    const axisPath = [...path, 'matrix', name]
    const result = axis.expand(matrix[name], world)
    if ('problem' in result) {
      places.error(axisPath, result.problem)
      expanded = []
      continue
    }
    for (const key of new Set(result.combinations.flatMap((combination) => Object.keys(combination)))) {
      const twice = shared.get(key)
      if (twice) places.error(twice.path, `given here and by "${name}" at ${places.place(axisPath)}; keep one`, 'key')
    }
    expanded = expanded.flatMap((base) =>
      result.combinations.map(
        (combination) =>
          new Map([
            ...base,
            ...Object.entries(combination).map(([key, value]): [string, Written] => [key, { value, path: axisPath }]),
          ]),
      ),
    )
  }
  return expanded
}

/** None where something is wrong; several where the contract lets one case stand for many. */
function planCase(
  name: string | undefined,
  expanded: boolean,
  given: Map<string, Written>,
  casePath: ProfilePath,
  planning: Planning,
): PlannedCase[] {
  const { contract, world, images, places } = planning
  const implied = contract.profileDefaults(world)
  const written = Object.fromEntries([...given].map(([key, { value }]) => [key, value]))
  const whereIs = (key: unknown): ProfilePath => given.get(String(key))?.path ?? casePath

  const content = { ...implied, ...written }
  const parsed = contract.parameters.safeParse(content, { error: allowedText })
  if (!parsed.success) {
    for (const { path, message } of schemaProblems(parsed.error.issues, content)) {
      const key = path[0]
      if (given.has(String(key))) places.error([...whereIs(key), ...path.slice(1)], message)
      else places.error([...casePath, ...path], message, 'key')
    }
    return []
  }

  const parameters = withImages(parsed.data, contract, images)
  for (const key of contract.imageParameters) {
    const image = parameters[key]
    if (!images.requireDigests || typeof image !== 'string' || hasDigest(image)) continue
    places.error(
      whereIs(key),
      `${key} "${image}" has no digest; allowed with images.requireDigests: images that end in @sha256:...`,
    )
  }
  const problems = contract.rules(parameters, { world, isGiven: (key) => given.has(key) })
  for (const problem of problems)
    places[problem.severity === 'error' ? 'error' : 'warn'](whereIs(problem.parameter), problem.message)

  const sourceOf = (key: string): string => {
    const from = given.get(key)
    return from ? places.place(from.path) : key in implied ? 'default (from the profile)' : 'default'
  }
  if (contract.expandCase === undefined) return [plannedCase(parameters, { name, expanded, sourceOf, contract })]
  // What is wrong with the parameters may be wrong with what they stand for.
  if (problems.some(({ severity }) => severity === 'error')) return []
  return contract.expandCase(parameters, world).map((own) => {
    const each = withImages(contract.parameters.parse({ ...content, ...own }), contract, images)
    const isPart = (key: string) => !given.has(key) && JSON.stringify(each[key]) !== JSON.stringify(parameters[key])
    const sourceOfPart = (key: string) => (isPart(key) ? 'default (one of several cases)' : sourceOf(key))
    return plannedCase(each, { name, expanded: true, sourceOf: sourceOfPart, contract })
  })
}

interface Naming {
  name: string | undefined
  /** Whether the name is that of several. */
  expanded: boolean
  sourceOf: (parameter: string) => string
  contract: CheckupContract
}

function plannedCase(parameters: z.output<z.ZodObject>, { name, expanded, sourceOf, contract }: Naming): PlannedCase {
  const plain = Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  )
  const generated = contract.caseName(parameters)
  const caseName = name === undefined ? generated : expanded ? `${name}/${generated}` : name
  return {
    id: `${contract.name}/${caseName}`,
    checkup: contract.name,
    title: contract.caseTitle(parameters),
    parameters: plain,
    sources: Object.fromEntries(Object.keys(plain).map((key) => [key, sourceOf(key)])),
    timeoutMilliseconds: timeoutOf(contract, parameters['timeout']),
  }
}

function timeoutOf(contract: CheckupContract, timeout: unknown): number {
  if (typeof timeout !== 'string') throw new TypeError(`the contract of "${contract.name}" has no parameter "timeout"`)
  return durationMilliseconds(timeout)
}

function withImages(
  parameters: z.output<z.ZodObject>,
  contract: CheckupContract,
  images: ProfileImages,
): z.output<z.ZodObject> {
  const replaced = { ...parameters }
  for (const key of contract.imageParameters) {
    const image = replaced[key]
    if (typeof image === 'string') replaced[key] = resolveImage(image, images)
  }
  return replaced
}
