import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import { permissionRule } from '../kubernetes/permission.ts'
import { checkConcurrentRequests } from './concurrent-requests.ts'
import { checkLease } from './lease.ts'
import { checkMachines } from './machines.ts'
import { checkNetworks } from './networks.ts'
import { checkNodes } from './nodes.ts'
import { checkPermissions } from './permissions.ts'
import type { PreflightPlan, PreflightResult } from './preflight-plan.ts'
import { checkStorageSpace } from './storage-space.ts'

/**
 * Looks whether the cluster has what the plan needs, changing nothing. Every problem is in the result at once; it never
 * throws for what it finds.
 */
export async function runPreflight(
  client: ClusterClient,
  plan: PreflightPlan,
  options: RequestOptions = {},
): Promise<PreflightResult[]> {
  const reachable = await guarded('API server', () => checkApi(client, options))
  if (reachable.some(({ status }) => status === 'failed')) {
    return [
      ...reachable,
      {
        check: 'everything else',
        status: 'unknown',
        detail: 'not looked at, because the API server does not answer as it should',
        remediation: 'solve the problem above and run the preflight again',
      },
    ]
  }
  const checks = await Promise.all([
    guarded(`namespace ${plan.namespace.name}`, () => checkNamespace(client, plan, options)),
    guarded('KubeVirt', () => checkKubeVirt(client, plan, options)),
    guarded('permissions', () => checkPermissions(client, plan, options)),
    guarded('networks', () => checkNetworks(client, plan, options)),
    guarded('nodes', () => checkNodes(client, plan, options)),
    guarded('dedicated resources', () => checkMachines(client, plan, options)),
    guarded('CPUs and memory', () => checkConcurrentRequests(client, plan, options)),
    guarded('storage space', () => checkStorageSpace(client, plan, options)),
    guarded('lease', () => checkLease(client, plan, options)),
  ])
  return [...reachable, ...checks.flat()]
}

async function guarded(check: string, work: () => Promise<PreflightResult[]>): Promise<PreflightResult[]> {
  try {
    return await work()
  } catch (error) {
    const remediation = isApiError(error, 401)
      ? 'log in again: the API server does not accept the credentials of this context'
      : 'see the message; the API server could not be asked'
    return [{ check, status: 'failed', detail: (error as Error).message, remediation }]
  }
}

async function checkApi(client: ClusterClient, options: RequestOptions): Promise<PreflightResult[]> {
  const { gitVersion } = await client.version(options)
  const detail = `Kubernetes ${gitVersion} at ${client.server}, context ${client.context}`
  return [{ check: 'API server', status: 'ok', detail, remediation: '' }]
}

async function checkNamespace(
  client: ClusterClient,
  { namespace: { name, create } }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  const check = `namespace ${name}`
  try {
    const namespace = await client.getIfExists({ apiVersion: 'v1', kind: 'Namespace', name }, options)
    if (namespace?.metadata.deletionTimestamp !== undefined) {
      return [
        {
          check,
          status: 'failed',
          detail: 'it is being deleted',
          remediation: 'wait until it is gone, or name another',
        },
      ]
    }
    if (namespace !== undefined) return [{ check, status: 'ok', detail: 'exists', remediation: '' }]
  } catch (error) {
    if (!isApiError(error, 403) || error.missingPermission === undefined) throw error
    // The documented Role has no right to read its own namespace.
    const detail = `may not be read: missing permission ${permissionRule(error.missingPermission)}`
    const remediation = 'none needed if it exists; a create tells otherwise'
    return [{ check, status: 'unknown', detail, remediation }]
  }
  if (!create) {
    const remediation = `create it (kubectl create namespace ${name}), or let the profile have it created`
    return [{ check, status: 'failed', detail: 'does not exist', remediation }]
  }
  const permission = { verb: 'create', group: '', resource: 'namespaces' }
  const [answer] = await client.canI([permission], options)
  if (answer?.allowed === true) return [{ check, status: 'ok', detail: 'will be created', remediation: '' }]
  const detail = `does not exist, and may not be created: missing permission ${permissionRule(permission)}`
  return [{ check, status: 'failed', detail, remediation: 'have it created by somebody who may' }]
}

async function checkKubeVirt(
  client: ClusterClient,
  plan: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  const check = 'KubeVirt'
  const probe = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    namespace: plan.namespace.name,
    name: 'kubevirt-acceptance-preflight',
  }
  try {
    // A kind that is served answers 404 with a reason, for an object that is not there.
    await client.getIfExists(probe, options)
    return [{ check, status: 'ok', detail: 'VirtualMachineInstances are served', remediation: '' }]
  } catch (error) {
    if (isApiError(error, 404)) {
      const detail = 'the cluster does not serve VirtualMachineInstances (kubevirt.io/v1)'
      return [{ check, status: 'failed', detail, remediation: 'install KubeVirt, or choose another context' }]
    }
    if (!isApiError(error, 403)) throw error
    const detail = 'cannot be told: VirtualMachineInstances may not be read'
    return [{ check, status: 'unknown', detail, remediation: 'see permissions' }]
  }
}
