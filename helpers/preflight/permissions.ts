import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import { permissionRule } from '../kubernetes/permission.ts'
import type { PreflightPlan, PreflightResult } from './preflight-plan.ts'

/** One row when everything is allowed, else one row for every permission that is missing. */
export async function checkPermissions(
  client: ClusterClient,
  { permissions }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  const check = 'permissions'
  let answers
  try {
    answers = await client.canI(
      permissions.map(({ permission }) => permission),
      options,
    )
  } catch (error) {
    if (!isApiError(error, 403)) throw error
    const detail = `the cluster does not tell what is allowed: ${error.message}`
    return [{ check, status: 'unknown', detail, remediation: 'none needed; a refusal shows up when it happens' }]
  }
  const rows = permissions.flatMap(({ permission, neededFor, required }, index): PreflightResult[] => {
    if (answers[index]?.allowed === true) return []
    const rule = permissionRule(permission)
    return [
      {
        check: `permission to ${permission.verb} ${permission.resource}`,
        status: required ? 'failed' : 'warning',
        detail: `missing; needed to ${neededFor}`,
        remediation: `${required ? 'grant' : 'optional; to have it, grant'} ${rule}`,
      },
    ]
  })
  const missing = rows.length
  const detail = `${permissions.length - missing} of ${permissions.length} granted`
  return missing === 0 ? [{ check, status: 'ok', detail, remediation: '' }] : rows
}
