import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'

type KubeVirt = KubernetesObject & { status?: { observedKubeVirtVersion?: string; phase?: string } }

/**
 * `v1.9.0`, as virt-api tells everybody who may log in, else as the KubeVirt resource has it. null: neither may be read.
 * @throws ApiError when the cluster has no KubeVirt or fails otherwise
 */
export async function readKubeVirtVersion(client: ClusterClient, options: RequestOptions = {}): Promise<string | null> {
  try {
    const answer = await client.request('GET', '/apis/subresources.kubevirt.io/v1/version', options)
    const { gitVersion } = JSON.parse(answer.body) as { gitVersion?: string }
    if (gitVersion) return gitVersion
  } catch (error) {
    if (!isApiError(error, 401, 403, 404, 406, 503)) throw error
  }
  try {
    const kind = { apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt', namespace: '*' }
    const { items } = await client.list<KubeVirt>(kind, options)
    return items[0]?.status?.observedKubeVirtVersion ?? null
  } catch (error) {
    if (isApiError(error, 403)) return null
    throw error
  }
}
