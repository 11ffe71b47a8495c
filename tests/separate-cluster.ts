/** An embedded cluster that lives in the test process, so that it outlives the runs against it and can be asked what they left. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EmbeddedCluster, startEmbeddedCluster } from '../fixtures/embedded-cluster/embedded-cluster.ts'
import { isOurs } from '../helpers/kubernetes/labels.ts'
import { embeddedCluster } from '../helpers/profile/embedded-cluster.ts'
import { embeddedProfile, temporaryFolder } from './acceptance-run.ts'

export interface SeparateCluster extends AsyncDisposable {
  cluster: EmbeddedCluster
  /** Removed with the cluster. Also the folder for its runs. */
  folder: string
  kubeconfigPath: string
  /** A profile that finds the cluster by its kubeconfig. */
  profile(changes?: Parameters<typeof embeddedProfile>[0]): Record<string, unknown>
  /** `kind namespace/name` of everything on the cluster that carries the label of a run, and of its lease. */
  leftBehind(): string[]
  /** Names of all VMIs. */
  virtualMachines(): string[]
}

export const namespace = 'kubevirt-acceptance'

/** Suites run on the wall clock against it, as they do on a real cluster. */
export async function separateCluster(
  embedded: Record<string, unknown> = {},
  // As observed, everybody would wait for them.
  { removePodMilliseconds = 500 } = {},
): Promise<SeparateCluster> {
  const { path: folder, remove } = await temporaryFolder()
  const cluster = await startEmbeddedCluster(
    embeddedCluster.parse({ time: 'wall', boot: '1s', networks: [{ name: 'blue' }], ...embedded }),
    { namespace, delays: { startContainers: 500, startDomain: 500, removePod: removePodMilliseconds } },
  )
  const kubeconfigPath = join(folder, 'kubeconfig')
  await writeFile(kubeconfigPath, cluster.kubeconfig, { mode: 0o600 })
  const virtualMachines = (): string[] =>
    cluster.store
      .list({ group: 'kubevirt.io', resource: 'virtualmachineinstances' })
      .map(({ metadata }) => metadata.name ?? '')
  return {
    cluster,
    folder,
    kubeconfigPath,
    profile: (changes = {}) =>
      embeddedProfile({
        ...changes,
        case: { sampleIntervalMilliseconds: 2, ...changes.case },
        profile: { cluster: { kubeconfig: { path: kubeconfigPath } }, ...changes.profile },
      }),
    virtualMachines,
    leftBehind: () =>
      cluster.store
        .definitions()
        .filter(({ view }) => view === undefined)
        .flatMap(({ group, resource }) => cluster.store.list({ group, resource }))
        .filter((object) => isOurs(object) || object.kind === 'Lease')
        .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`),
    [Symbol.asyncDispose]: async () => {
      await cluster.close()
      await remove()
    },
  }
}
