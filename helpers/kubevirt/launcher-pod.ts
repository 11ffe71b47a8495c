import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'

export type Pod = KubernetesObject & {
  spec?: { nodeName?: string; containers?: { name: string }[]; initContainers?: { name: string }[] }
  status?: {
    phase?: string
    conditions?: { type: string; status: string; reason?: string; message?: string }[]
    initContainerStatuses?: ContainerStatus[]
    containerStatuses?: ContainerStatus[]
  }
}

interface ContainerStatus {
  name: string
  state?: {
    waiting?: { reason?: string; message?: string }
    terminated?: { reason?: string; message?: string; exitCode?: number }
  }
}

/** The newest pod that runs, or is to run, the VMI. @throws ApiError 403 when pods may not be listed */
export async function findLauncherPod(
  client: ClusterClient,
  vmi: { namespace: string; uid: string },
  options: RequestOptions = {},
): Promise<Pod | undefined> {
  const selection = {
    apiVersion: 'v1',
    kind: 'Pod',
    namespace: vmi.namespace,
    labelSelector: `kubevirt.io/created-by=${vmi.uid}`,
  }
  const { items } = await client.list<Pod>(selection, options)
  return items
    .sort((one, other) => (one.metadata.creationTimestamp ?? '').localeCompare(other.metadata.creationTimestamp ?? ''))
    .at(-1)
}
