import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiServer, type ApiServerOptions } from '../fixtures/embedded-cluster/api-server/api-server.ts'
import { kubevirtResourceDefinitions } from '../fixtures/embedded-cluster/kubevirt/resource-definitions.ts'
import { type ClusterClient, connectCluster, type ConnectOptions } from '../helpers/kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'

export interface TestApi extends AsyncDisposable {
  server: ApiServer
  /** As cluster administrator, in namespace `acceptance`. */
  admin: ClusterClient
  /** As a service account of namespace `acceptance` with a Role of these rules. */
  restricted(rules: Record<string, string[]>[], options?: Partial<ConnectOptions>): Promise<ClusterClient>
  /** A folder that is removed with the server. */
  folder: string
}

/** The rules of the documented kubevirt-vm-latency-checker Role. */
export const documentedRules = [
  { apiGroups: ['kubevirt.io'], resources: ['virtualmachineinstances'], verbs: ['get', 'create', 'delete'] },
  {
    apiGroups: ['subresources.kubevirt.io'],
    resources: ['virtualmachineinstances/console'],
    verbs: ['get'],
  },
  { apiGroups: ['k8s.cni.cncf.io'], resources: ['network-attachment-definitions'], verbs: ['get'] },
]

/** The embedded cluster's API server without controllers: objects stay as they are put. */
export async function testApi(options: ApiServerOptions = {}, client: Partial<ConnectOptions> = {}): Promise<TestApi> {
  const server = new ApiServer({ resources: kubevirtResourceDefinitions, ...options })
  await server.listen()
  server.store.create({ group: '', resource: 'namespaces' }, bare('v1', 'Namespace', 'acceptance'))
  const clients: ClusterClient[] = []
  const connect = async (kubeconfig: string, more: Partial<ConnectOptions> = {}): Promise<ClusterClient> => {
    const connected = await connectCluster({
      kubeconfig,
      userAgent: 'kubevirt-acceptance-test',
      retry: { pauseMilliseconds: 1, maximumPauseMilliseconds: 10 },
      ...client,
      ...more,
    })
    clients.push(connected)
    return connected
  }
  const folder = mkdtempSync(join(tmpdir(), 'kubevirt-acceptance-test-'))
  return {
    server,
    folder,
    admin: await connect(server.kubeconfig(undefined, 'acceptance')),
    restricted: async (rules, more) => {
      const rbac = 'rbac.authorization.k8s.io'
      const account = {
        ...bare('v1', 'ServiceAccount', 'runner'),
        metadata: { name: 'runner', namespace: 'acceptance' },
      }
      server.store.create({ group: '', resource: 'serviceaccounts' }, account)
      server.store.create(
        { group: rbac, resource: 'roles' },
        { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: 'runner', namespace: 'acceptance' }, rules },
      )
      server.store.create(
        { group: rbac, resource: 'rolebindings' },
        {
          apiVersion: `${rbac}/v1`,
          kind: 'RoleBinding',
          metadata: { name: 'runner', namespace: 'acceptance' },
          roleRef: { apiGroup: rbac, kind: 'Role', name: 'runner' },
          subjects: [{ kind: 'ServiceAccount', name: 'runner', namespace: 'acceptance' }],
        },
      )
      const token = server.issueServiceAccountToken('acceptance', 'runner')
      return connect(server.kubeconfig({ token }, 'acceptance'), more)
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of clients) each.close()
      await server.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function bare(apiVersion: string, kind: string, name: string): KubernetesObject {
  return { apiVersion, kind, metadata: { name } }
}
