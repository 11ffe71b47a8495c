import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import { leaseHolder } from '../kubernetes/lease.ts'
import { permissionRule } from '../kubernetes/permission.ts'
import type { PreflightPlan, PreflightResult } from './preflight-plan.ts'

/** Whether another run is at work. Without the right to know, runs are not kept apart: a warning. */
export async function checkLease(
  client: ClusterClient,
  { lease }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  if (lease === undefined) return []
  const { runId, ...place } = lease
  const check = 'lease'
  try {
    const holder = await leaseHolder(client, { ...place, ...options })
    if (holder === undefined || (runId !== undefined && holder.holderIdentity.endsWith(` run ${runId}`))) {
      return [{ check, status: 'ok', detail: 'no other run is at work', remediation: '' }]
    }
    const until = new Date(holder.until).toISOString()
    const detail = `${holder.holderIdentity} is at work since ${holder.since}, its lease runs until ${until}`
    return [
      { check, status: 'failed', detail, remediation: 'wait for that run; if it is dead, until the lease has run out' },
    ]
  } catch (error) {
    if (!isApiError(error, 403) || error.missingPermission === undefined) throw error
    const rule = permissionRule(error.missingPermission)
    return [
      {
        check,
        status: 'warning',
        detail: `two runs at once would not notice each other: missing permission ${rule}`,
        remediation: 'optional; grant get, create, update and delete on leases',
      },
    ]
  }
}
