import { isApiError } from './api-error.ts'
import type { ClusterClient, RequestOptions } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { permissionRule } from './permission.ts'

type LeaseObject = KubernetesObject & {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

export interface LeaseOptions extends RequestOptions {
  namespace: string
  /** Default: `kubevirt-acceptance`. */
  name?: string
  /** `user@host`, for people who are locked out. */
  holder: string
  runId: string
  /** The lease is free when it has not been renewed for this long, in whole seconds rounded up. Default: 60. */
  durationSeconds?: number
  /** Said to whoever is locked out: what frees the lease of run `runId`. */
  freeCommand: (runId: string) => string
  /** Called once if somebody else has taken the lease, or it could not be renewed in time. */
  onLost?: (reason: string) => void
}

/** Somebody else is at work on the cluster. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
  /** Tells the reporters, across the process boundary, which exit code this is. */
  readonly phase = 'lock'
}

export interface HeldLease extends AsyncDisposable {
  readonly state: 'held'
  /** `user@host run id` */
  readonly holderIdentity: string
  /** Stops renewing and removes the lease. */
  release(): Promise<void>
}

/** There is no lock: this user may not use leases. The run goes on without one. */
export interface LeaseUnavailable {
  readonly state: 'unavailable'
  readonly missingPermission: string
}

const attempts = 5
const defaultName = 'kubevirt-acceptance'
const leaseKind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }

/**
 * Takes the lease that keeps two runs off one namespace, and renews it in the background (on wall time, without keeping
 * the process alive) until it is released. A lease that has expired is taken over.
 * @throws LockedError naming the holder; ApiError when the cluster fails otherwise, e.g. for want of the namespace
 */
export async function acquireLease(
  client: ClusterClient,
  options: LeaseOptions,
): Promise<HeldLease | LeaseUnavailable> {
  const holderIdentity = `${options.holder} run ${options.runId}`
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const lease = await takeLease(client, options, holderIdentity)
        return new RenewedLease(client, options, holderIdentity, lease)
      } catch (error) {
        // Another run was quicker by a moment: look at what it has written.
        if (!isApiError(error, 409) || attempt >= attempts) throw error
      }
    }
  } catch (error) {
    if (!isApiError(error, 403) || error.missingPermission === undefined) throw error
    return { state: 'unavailable', missingPermission: permissionRule(error.missingPermission) }
  }
}

async function takeLease(client: ClusterClient, options: LeaseOptions, holderIdentity: string): Promise<LeaseObject> {
  const { namespace, name = defaultName, durationSeconds = 60, signal } = options
  const reference = { ...leaseKind, namespace, name }
  const present = await client.getIfExists<LeaseObject>(reference, { signal })
  const now = Date.now()
  const spec = {
    holderIdentity,
    leaseDurationSeconds: Math.ceil(durationSeconds),
    acquireTime: microTime(now),
    renewTime: microTime(now),
  }
  if (present === undefined) {
    return client.create<LeaseObject>({ ...leaseKind, metadata: { name, namespace }, spec }, { signal })
  }
  const holder = present.spec?.holderIdentity ?? ''
  const until = expiryOfLease(present)
  if (holder !== '' && holder !== holderIdentity && until > now) {
    throw new LockedError(locked(present, holder, until, options))
  }
  const leaseTransitions = (present.spec?.leaseTransitions ?? 0) + 1
  return client.update<LeaseObject>({ ...present, spec: { ...spec, leaseTransitions } }, { signal })
}

function locked(lease: LeaseObject, holder: string, until: number, options: LeaseOptions): string {
  const { namespace, name = defaultName } = options
  const since = lease.spec?.acquireTime ?? 'an unknown time'
  const runId = / run (\S+)$/.exec(holder)?.[1]
  const free = runId === undefined ? `delete lease ${namespace}/${name}` : options.freeCommand(runId)
  return `the cluster is in use by ${holder} since ${since}: lease ${namespace}/${name} runs until ${new Date(until).toISOString()} unless it is renewed; wait for that run, or, if it is dead, free the lease with: ${free}`
}

/** Who holds the lease, and until when (milliseconds since the epoch); undefined when it is free. @throws ApiError 403 */
export async function leaseHolder(
  client: ClusterClient,
  options: { namespace: string; name?: string } & RequestOptions,
): Promise<{ holderIdentity: string; since: string; until: number } | undefined> {
  const { namespace, name = defaultName, ...request } = options
  const lease = await client.getIfExists<LeaseObject>({ ...leaseKind, namespace, name }, request)
  const holderIdentity = lease?.spec?.holderIdentity ?? ''
  if (lease === undefined || holderIdentity === '' || expiryOfLease(lease) <= Date.now()) return undefined
  return { holderIdentity, since: lease.spec?.acquireTime ?? 'an unknown time', until: expiryOfLease(lease) }
}

/**
 * Removes the lease if the given run holds it, or if it has expired.
 * @returns whether there was one to remove
 */
export async function freeLease(
  client: ClusterClient,
  options: { namespace: string; name?: string; runId?: string } & RequestOptions,
): Promise<boolean> {
  const { namespace, name = defaultName, runId, ...request } = options
  const reference = { ...leaseKind, namespace, name }
  const lease = await client.getIfExists<LeaseObject>(reference, request)
  if (lease === undefined) return false
  const ofThatRun = runId !== undefined && (lease.spec?.holderIdentity ?? '').endsWith(` run ${runId}`)
  if (!ofThatRun && expiryOfLease(lease) > Date.now()) return false
  return client.delete(reference, {
    ...request,
    ...(lease.metadata.uid === undefined ? {} : { uid: lease.metadata.uid }),
  })
}

class RenewedLease implements HeldLease {
  readonly state = 'held'
  readonly holderIdentity: string
  readonly #client: ClusterClient
  readonly #options: LeaseOptions
  readonly #timer: NodeJS.Timeout
  #lease: LeaseObject
  #renewal: Promise<void> = Promise.resolve()
  #over = false

  constructor(client: ClusterClient, options: LeaseOptions, holderIdentity: string, lease: LeaseObject) {
    this.#client = client
    this.#options = options
    this.holderIdentity = holderIdentity
    this.#lease = lease
    this.#timer = setInterval(
      () => {
        this.#renewal = this.#renewal.then(() => this.#renew())
      },
      ((options.durationSeconds ?? 60) * 1000) / 3,
    )
    this.#timer.unref()
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    await this.#renewal
    if (this.#over) return
    this.#over = true
    const reference = this.#reference()
    for (let attempt = 1; ; attempt += 1) {
      const present = await this.#client.getIfExists<LeaseObject>(reference)
      // Somebody may have taken it since the last renewal.
      if (present === undefined || present.spec?.holderIdentity !== this.holderIdentity) return
      try {
        await this.#giveBack(present)
        return
      } catch (error) {
        if (!isApiError(error, 409) || attempt >= attempts) throw error
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async #giveBack(present: LeaseObject): Promise<void> {
    const { uid, resourceVersion } = present.metadata
    try {
      await this.#client.delete(this.#reference(), {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      })
    } catch (error) {
      if (!isApiError(error, 403)) throw error
      // The lease may be updated but not removed: hand it on with nobody's name on it.
      await this.#client.update({ ...present, spec: { ...present.spec, holderIdentity: '' } })
    }
  }

  async #renew(): Promise<void> {
    if (this.#over) return
    try {
      this.#lease = await this.#client.update({
        ...this.#lease,
        spec: { ...this.#lease.spec, renewTime: microTime(Date.now()) },
      })
    } catch (error) {
      await this.#explainFailure(error)
    }
  }

  /** A conflict may be a stranger's label on our lease. Anything else may pass, until the lease has expired. */
  async #explainFailure(error: unknown): Promise<void> {
    if (isApiError(error, 404)) {
      this.#lose('it has been deleted')
      return
    }
    if (isApiError(error, 409)) {
      const present = await this.#lookAgain()
      const holder = present?.spec?.holderIdentity
      if (present !== undefined && holder === this.holderIdentity) {
        this.#lease = present
        return
      }
      if (holder !== undefined && holder !== '') {
        this.#lose(`${holder} has taken it`)
        return
      }
    }
    if (expiryOfLease(this.#lease) < Date.now())
      this.#lose(`it could not be renewed in time: ${(error as Error).message}`)
  }

  /** undefined when it cannot be read just now; the next renewal tries again. */
  async #lookAgain(): Promise<LeaseObject | undefined> {
    try {
      return await this.#client.getIfExists<LeaseObject>(this.#reference())
    } catch {
      return undefined
    }
  }

  #lose(reason: string): void {
    this.#over = true
    clearInterval(this.#timer)
    const { namespace, name } = this.#reference()
    this.#options.onLost?.(`lease ${namespace}/${name} is lost: ${reason}`)
  }

  #reference() {
    const { namespace, name = defaultName } = this.#options
    return { ...leaseKind, namespace, name }
  }
}

/** Milliseconds since the epoch; 0 for a lease that does not say. Assumes that the runs' clocks agree within seconds. */
function expiryOfLease({ spec }: LeaseObject): number {
  const renewed = Date.parse(spec?.renewTime ?? '')
  return Number.isNaN(renewed) ? 0 : renewed + (spec?.leaseDurationSeconds ?? 0) * 1000
}

/** As meta/v1 MicroTime wants it: six digits. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z')
}
