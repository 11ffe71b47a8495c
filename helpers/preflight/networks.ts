import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { permissionRule } from '../kubernetes/permission.ts'
import { networkAttachmentOf } from '../kubevirt/network-attachment-definition.ts'
import type { PreflightPlan, PreflightResult } from './preflight-plan.ts'

/** A missing network is a warning only: it fails the cases that use it, and those alone. */
export async function checkNetworks(
  client: ClusterClient,
  { networks }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  return Promise.all(networks.map((network) => checkNetwork(client, network, options)))
}

async function checkNetwork(
  client: ClusterClient,
  { namespace, name }: { namespace: string; name: string },
  options: RequestOptions,
): Promise<PreflightResult> {
  const check = `network ${namespace}/${name}`
  const reference = { apiVersion: 'k8s.cni.cncf.io/v1', kind: 'NetworkAttachmentDefinition', namespace, name }
  try {
    const definition = await client.getIfExists<KubernetesObject>(reference, options)
    if (definition === undefined) {
      const remediation = `create NetworkAttachmentDefinition ${namespace}/${name}, or correct the profile`
      return { check, status: 'warning', detail: 'does not exist; its cases will fail', remediation }
    }
    return readable(check, definition)
  } catch (error) {
    if (isApiError(error, 404)) {
      const detail = 'the cluster does not serve NetworkAttachmentDefinitions (k8s.cni.cncf.io/v1)'
      return { check, status: 'failed', detail, remediation: 'install Multus, or leave out the checkups on networks' }
    }
    if (!isApiError(error, 403) || error.missingPermission === undefined) throw error
    const detail = `may not be read: missing permission ${permissionRule(error.missingPermission)}`
    return { check, status: 'unknown', detail, remediation: 'grant it: the binding is chosen from the network' }
  }
}

function readable(check: string, definition: KubernetesObject): PreflightResult {
  try {
    const { binding, pluginTypes } = networkAttachmentOf(definition)
    return { check, status: 'ok', detail: `${pluginTypes.join(', ')}; binding ${binding}`, remediation: '' }
  } catch (error) {
    const remediation = 'correct spec.config; its cases will fail'
    return { check, status: 'warning', detail: (error as Error).message, remediation }
  }
}
