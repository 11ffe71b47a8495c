/** What is particular to CDI as an installation; see helpers/kubevirt/installation.ts. */
import type { ClusterReader } from '../kubernetes/cluster-reader.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import type { InstallationKind } from '../kubevirt/installation.ts'

export const cdiKind: InstallationKind = {
  apiVersion: 'cdi.kubevirt.io/v1beta1',
  kind: 'CDI',
  prefix: 'cdi-',
  components: ['cdi-operator', 'cdi-apiserver', 'cdi-deployment', 'cdi-uploadproxy'],
  rollout: ({ status = {} }) => ({ observed: status.observedVersion ?? null, target: status.targetVersion ?? null }),
}

const uploadApiService = 'v1beta1.upload.cdi.kubevirt.io'
const customaryNamespace = 'cdi'

type ApiService = KubernetesObject & { spec?: { service?: { namespace?: string } | null } }

/** The namespace of CDI's components: the CDI resource itself is in none. The customary one where nothing tells. */
export async function readCdiNamespace(reader: ClusterReader): Promise<string> {
  const found = await reader.get<ApiService>({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    name: uploadApiService,
  })
  const service = 'known' in found ? found.known?.spec?.service : undefined
  return service?.namespace ?? customaryNamespace
}
