import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { CheckupContract, ProfileWorld, WorldStorageClass } from '../run/checkup-contract.ts'
import { parseQuantity } from '../units/quantity.ts'
import { renameDeprecated } from './deprecated-names.ts'
import type { EmbeddedStorage } from './embedded-storage.ts'
import { gatePolicy } from './gate-section.ts'
import type { LoadedProfile, PlannedCheckup, ProfileCluster } from './loaded-profile.ts'
import { planCases, type Places } from './plan-cases.ts'
import { ProfileDocument, type ProfilePath } from './profile-document.ts'
import { ProfileError, type ProfileProblem } from './profile-problem.ts'
import { profileSchema, type CheckupSection, type ProfileBase } from './profile-schema.ts'
import { allowedText, schemaProblems } from './schema-problems.ts'

/**
 * Reads a cluster profile, fills in every default, and plans its cases.
 * @param profilePath absolute, or relative to `cwd`
 * @param contracts the checkups that this run can do; a profile may name no others
 * @throws ProfileError with everything that is wrong, each with file, line and column
 */
export function loadProfile(
  profilePath: string,
  contracts: readonly CheckupContract[],
  { cwd = process.cwd() }: { cwd?: string } = {},
): LoadedProfile {
  const absolute = path.resolve(cwd, profilePath)
  const relative = path.relative(cwd, absolute)
  const file = relative.startsWith('..') ? absolute : relative
  const text = readProfile(absolute, file)
  const document = new ProfileDocument(file, text)
  if (document.syntaxProblems.length > 0) throw new ProfileError(document.syntaxProblems)

  const { content, deprecated, asWritten } = renameDeprecated(contentOf(document), contracts)
  const errors = new Problems(document, asWritten)
  const warnings = new Problems(document, asWritten)
  for (const { path: at, message, severity } of deprecated)
    (severity === 'error' ? errors : warnings).add(at, message, 'key')

  const parsed = profileSchema(contracts).safeParse(content, { error: allowedText })
  if (!parsed.success)
    for (const problem of schemaProblems(parsed.error.issues, content))
      errors.add(problem.path, problem.message, problem.at)
  if (!parsed.success || errors.list.length > 0) throw new ProfileError(errors.sorted())

  const base: ProfileBase = parsed.data
  const cluster = clusterOf(base, absolute)
  const world = worldOf(base)
  const places: Places = {
    error: (at, message, part) => errors.add(at, message, part),
    warn: (at, message) => warnings.add(at, message),
    place: (at) => document.place(asWritten(at)),
  }
  // The values as written: the schema has put defaults into its output, which would hide where a value is from.
  const sections = (content as { checkups: Record<string, CheckupSection> }).checkups
  const checkups = contracts.flatMap((contract): PlannedCheckup[] => {
    const section = sections[contract.name]
    if (section === undefined) return []
    const cases = planCases(section, { contract, world, images: base.images, places })
    return [{ name: contract.name, title: contract.title, required: section.required ?? true, cases }]
  })
  if (errors.list.length > 0) throw new ProfileError(errors.sorted())

  return {
    name: base.name,
    description: base.description ?? '',
    file,
    path: absolute,
    sha256: createHash('sha256').update(text).digest('hex'),
    cluster,
    nodes: world.nodes && [...world.nodes],
    networks: world.networks && [...world.networks],
    namespace: base.namespace,
    images: base.images,
    guest: base.guest,
    timeouts: base.timeouts,
    parallelism: base.parallelism,
    gate: gatePolicy(base.gate, document),
    checkups,
    warnings: warnings.sorted(),
  }
}

function readProfile(absolute: string, file: string): string {
  try {
    return readFileSync(absolute, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'this is a directory' : message
    throw new ProfileError([{ file, line: null, column: null, path: '', message: why }])
  }
}

function contentOf(document: ProfileDocument): unknown {
  try {
    return document.content()
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    throw new ProfileError([document.problem([], error.message)])
  }
}

function clusterOf({ cluster }: ProfileBase, profilePath: string): ProfileCluster {
  if (cluster.embedded !== undefined) return { kind: 'embedded', embedded: cluster.embedded }
  const { path: kubeconfig, context } = cluster.kubeconfig ?? {}
  return {
    kind: 'kubeconfig',
    ...(kubeconfig !== undefined && {
      path: path.resolve(path.dirname(profilePath), kubeconfig.replace(/^~(?=\/|$)/, homedir())),
    }),
    ...(context !== undefined && { context }),
  }
}

function worldOf({ cluster, nodes, networks, namespace }: ProfileBase): ProfileWorld {
  const { embedded } = cluster
  return {
    embedded: embedded !== undefined,
    namespace: namespace.name,
    nodes: nodes ?? embedded?.nodes.filter((node) => node.schedulable).map((node) => node.name) ?? null,
    networks:
      networks ??
      embedded?.networks.map((network) =>
        network.namespace === undefined ? network.name : `${network.namespace}/${network.name}`,
      ) ??
      null,
    storageClasses: embedded === undefined ? null : storageClassesOf(embedded.storage),
    // There are no images, only what scripted guests can do.
    runsContainers: embedded?.guests !== 'qemu',
  }
}

function storageClassesOf({ classes }: EmbeddedStorage): WorldStorageClass[] {
  const preferred = classes.find(({ virtDefault }) => virtDefault) ?? classes.find((each) => each.default)
  return classes.map((each) => ({
    name: each.name,
    isDefault: each === preferred,
    volumeModes: [...new Set(each.claimPropertySets.map(({ volumeMode }) => volumeMode))],
    capacityBytes: Number(parseQuantity(each.capacity)),
  }))
}

/** Problems in the order of the file, each once: what is wrong in `defaults` is wrong in every case. */
class Problems {
  readonly list: ProfileProblem[] = []
  readonly #document: ProfileDocument
  readonly #asWritten: (path: ProfilePath) => ProfilePath

  constructor(document: ProfileDocument, asWritten: (path: ProfilePath) => ProfilePath) {
    this.#document = document
    this.#asWritten = asWritten
  }

  add(place: ProfilePath, message: string, at?: 'key' | 'value'): void {
    const problem = this.#document.problem(this.#asWritten(place), message, at)
    const known = this.list.some((other) => other.path === problem.path && other.message === problem.message)
    if (!known) this.list.push(problem)
  }

  sorted(): ProfileProblem[] {
    return this.list.toSorted(
      (one, other) => (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0),
    )
  }
}
