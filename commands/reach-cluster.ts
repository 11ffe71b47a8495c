import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cluster, openCluster } from '../fixtures/cluster.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { OperationalError } from './operational-error.ts'

const userAgent = 'kubevirt-acceptance'

/**
 * The cluster of the profile; an embedded one is started for as long as the result is not disposed.
 * @throws KubeconfigError; OperationalError when the embedded cluster cannot run on this machine
 */
export async function reachCluster(profile: LoadedProfile): Promise<Cluster> {
  if (profile.cluster.kind === 'kubeconfig') {
    const { path, context } = profile.cluster
    const place = { ...(path !== undefined && { kubeconfigPath: path }), ...(context !== undefined && { context }) }
    return openCluster({ ...place, clockUrl: null, userAgent }, profile)
  }
  await using undo = new AsyncDisposableStack()
  const { startEmbeddedCluster } = await import('../fixtures/embedded-cluster/embedded-cluster.ts')
  const embedded = await startEmbeddedCluster(profile.cluster.embedded, { namespace: profile.namespace.name }).catch(
    (error: unknown) => {
      throw error instanceof Error ? new OperationalError(error.message, { cause: error }) : error
    },
  )
  undo.defer(() => embedded.close())
  const folder = await mkdtemp(join(tmpdir(), 'kubevirt-acceptance-'))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const kubeconfigPath = join(folder, 'kubeconfig')
  await writeFile(kubeconfigPath, embedded.kubeconfig, { mode: 0o600 })
  const { client, clock, ...cluster } = await openCluster(
    { kubeconfigPath, clockUrl: embedded.clockUrl, userAgent },
    profile,
  )
  undo.defer(() => cluster[Symbol.asyncDispose]())
  const later = undo.move()
  return { client, clock, [Symbol.asyncDispose]: () => later.disposeAsync() }
}
