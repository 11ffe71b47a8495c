import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { podRoot, serviceAccountFile } from './service-account.ts'

/** Where to find the cluster. Nothing given: what kubectl would take, then the service account of the pod we run in. */
export interface KubeconfigOptions {
  /** One file; it must exist. */
  kubeconfigPath?: string
  /** The content itself, as YAML. Wins over `kubeconfigPath`. */
  kubeconfig?: string
  /** Default: the current-context. */
  context?: string
  /** Default: the namespace of the context, then `default`. */
  namespace?: string
}

export interface LoadedKubeconfig {
  config: KubeConfig
  /** URL of the API server without a trailing slash; may have a path. */
  server: string
  context: string
  namespace: string
  /** Set when the connection goes through a proxy. */
  proxyUrl: string | undefined
  /** For error messages: the file or files, `KUBECONFIG` or the service account. */
  source: string
}

/** The kubeconfig cannot be used; the message says which file, and what to do. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
  /** Tells the reporters, across the process boundary, which exit code this is: the user named it, as the profile. */
  readonly phase = 'usage'
}

/**
 * @throws KubeconfigError when a file is missing or unreadable, the context is unknown, or there is no cluster at all.
 */
export async function loadKubeconfig(options: KubeconfigOptions = {}): Promise<LoadedKubeconfig> {
  // Only this module of client-node: the index would load clients of every API as well, for another 150 ms.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  const config = new KubeConfig()
  const source = load(config, options, () => new KubeConfig())
  const context = chooseContext(config, options.context, source)
  config.setCurrentContext(context)
  const contextObject = config.getContextObject(context)
  const cluster = config.getCurrentCluster()
  if (!cluster?.server) {
    throw new KubeconfigError(
      `${source}: context "${context}" names cluster "${contextObject?.cluster ?? ''}", which has no server there; known clusters: ${names(config.getClusters())}`,
    )
  }
  if (config.getCurrentUser() === null) {
    throw new KubeconfigError(
      `${source}: context "${context}" names user "${contextObject?.user ?? ''}", which is not there; known users: ${names(config.getUsers())}`,
    )
  }
  tellExecPluginAboutCluster(config, cluster.server)
  return {
    config,
    server: cluster.server.replace(/\/+$/, ''),
    context,
    namespace: options.namespace ?? (contextObject?.namespace?.trim() || 'default'),
    proxyUrl: cluster.proxyUrl,
    source,
  }
}

function load(config: KubeConfig, options: KubeconfigOptions, create: () => KubeConfig): string {
  if (options.kubeconfig !== undefined) {
    const content = options.kubeconfig
    parse('the given kubeconfig', () => config.loadFromString(content))
    return 'the given kubeconfig'
  }
  if (options.kubeconfigPath !== undefined) {
    const path = options.kubeconfigPath
    if (!existsSync(path)) throw new KubeconfigError(`kubeconfig "${path}" does not exist`)
    parse(path, () => loadFile(config, path))
    return path
  }
  const listed = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  if (listed.length > 0) {
    const present = listed.filter((path) => existsSync(path))
    if (present.length === 0) {
      throw new KubeconfigError(
        `KUBECONFIG names ${listed.map((path) => `"${path}"`).join(', ')}, which does not exist`,
      )
    }
    for (const path of present) {
      const next = create()
      parse(path, () => loadFile(next, path))
      mergeFirstWins(config, next)
    }
    return `KUBECONFIG (${present.join(', ')})`
  }
  const usual = join(homedir(), '.kube', 'config')
  if (existsSync(usual)) {
    parse(usual, () => loadFile(config, usual))
    return usual
  }
  if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined && existsSync(serviceAccountFile('token'))) {
    config.loadFromCluster(podRoot())
    return 'the service account of this pod'
  }
  throw new KubeconfigError(
    `no cluster: KUBECONFIG is not set, ${usual} does not exist, and this is no pod with a service account; set KUBECONFIG or name a kubeconfig in the cluster profile`,
  )
}

function loadFile(config: KubeConfig, path: string): void {
  config.loadFromString(readFileSync(path, 'utf8'))
  config.makePathsAbsolute(dirname(path))
}

function parse(source: string, read: () => void): void {
  try {
    read()
  } catch (error) {
    throw new KubeconfigError(`${source} cannot be read as a kubeconfig: ${(error as Error).message}`, { cause: error })
  }
}

/** As kubectl merges: the first file to name a thing wins. (client-node's own merge throws on duplicates.) */
function mergeFirstWins(config: KubeConfig, next: KubeConfig): void {
  for (const cluster of next.getClusters()) if (config.getCluster(cluster.name) === null) config.addCluster(cluster)
  for (const user of next.getUsers()) if (config.getUser(user.name) === null) config.addUser(user)
  for (const context of next.getContexts()) {
    if (config.getContextObject(context.name) === null) config.addContext(context)
  }
  if (!config.getCurrentContext() && next.getCurrentContext()) config.setCurrentContext(next.getCurrentContext())
}

function chooseContext(config: KubeConfig, wanted: string | undefined, source: string): string {
  const known = config.getContexts()
  if (wanted !== undefined && !known.some(({ name }) => name === wanted)) {
    throw new KubeconfigError(`${source} has no context "${wanted}"; known contexts: ${names(known)}`)
  }
  const context = wanted ?? config.getCurrentContext()
  if (!context) {
    throw new KubeconfigError(`${source} has no current-context; choose one of its contexts: ${names(known)}`)
  }
  if (!known.some(({ name }) => name === context)) {
    throw new KubeconfigError(`${source}: current-context "${context}" is not there; known contexts: ${names(known)}`)
  }
  return context
}

function names(items: { name: string }[]): string {
  return items.length === 0 ? '(none)' : items.map(({ name }) => name).join(', ')
}

/** Credential plugins may insist on KUBERNETES_EXEC_INFO, which client-node does not set. */
function tellExecPluginAboutCluster(config: KubeConfig, server: string): void {
  const exec = (config.getCurrentUser() as { exec?: ExecPlugin } | null)?.exec
  if (exec === undefined) return
  const information = {
    apiVersion: exec.apiVersion ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec.provideClusterInfo === true ? { cluster: { server } } : {}) },
  }
  exec.env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(information) }]
}

interface ExecPlugin {
  apiVersion?: string
  provideClusterInfo?: boolean
  env?: { name: string; value: string }[] | null
}
