import type { IncomingMessage } from 'node:http'
import { type ApiError, apiErrorFrom, excerpt, isApiError, isStatusBody, UnexpectedAnswerError } from './api-error.ts'
import { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts'
import type { KubernetesObject, StatusBody } from './kubernetes-object.ts'
import type { Permission } from './permission.ts'
import { RequestCounter } from './request-counter.ts'
import { describeRequest, type RequestInformation, requestInformation } from './request-information.ts'
import { type KindReference, type ObjectReference, resourcePath, resourceTypeOf } from './resources.ts'
import { defaultRetryPolicy, retryAfter, type RetryPolicy, withRetries } from './retry.ts'
import { type HttpAnswer, Transport } from './transport.ts'
import { type WatchEvent, watchObjects, type WatchOptions } from './watch.ts'
import { openWebSocket, type WebSocketConnection, type WebSocketRequestOptions } from './web-socket.ts'

export interface ConnectOptions extends KubeconfigOptions {
  /** E.g. `kubevirt-acceptance/0.1.0 (latency)`. */
  userAgent: string
  /** Limit for one attempt of one request, in wall time. Default: 30 s. */
  requestTimeoutMilliseconds?: number
  retry?: Partial<RetryPolicy>
}

export interface RequestOptions {
  signal?: AbortSignal | undefined
  /** Limit for one attempt, in wall time. Default: that of the client. */
  timeoutMilliseconds?: number
}

export interface WriteOptions extends RequestOptions {
  /** The API server checks everything, admission included, and stores nothing. */
  dryRun?: boolean
}

export interface DeleteOptions extends RequestOptions {
  /** Delete only if the object still has this uid. */
  uid?: string
  /** Delete only if nobody has changed the object since; else 409. */
  resourceVersion?: string
  gracePeriodSeconds?: number
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
}

export interface Selection extends KindReference {
  /** Just this one object. */
  name?: string
  labelSelector?: string
  fieldSelector?: string
}

export interface ListOptions extends RequestOptions {
  /** Objects asked for per request. Default: 500. */
  pageSize?: number
}

export interface ObjectList<T extends KubernetesObject = KubernetesObject> {
  items: T[]
  resourceVersion: string
}

export interface LogOptions extends RequestOptions {
  /** Lines from the end. Default: 500. */
  tailLines?: number
  /** Default: 1 MiB. */
  limitBytes?: number
}

export interface RawRequestOptions extends RequestOptions {
  /** Sent as JSON. */
  body?: unknown
  contentType?: string
  /** Whether doing it twice is the same as doing it once. Default: for everything but POST. */
  idempotent?: boolean
}

export interface PermissionAnswer {
  permission: Permission
  allowed: boolean
  /** What the cluster says about it; often ''. */
  reason: string
}

export interface ServerVersion {
  gitVersion: string
  platform: string
}

interface Shared {
  transport: Transport
  retry: RetryPolicy
  requestTimeoutMilliseconds: number
}

/**
 * @throws KubeconfigError when there is no usable kubeconfig. Nothing is asked of the cluster yet.
 */
export async function connectCluster(options: ConnectOptions): Promise<ClusterClient> {
  const kubeconfig = await loadKubeconfig(options)
  const shared = {
    transport: new Transport(kubeconfig, options.userAgent),
    retry: { ...defaultRetryPolicy, ...options.retry },
    requestTimeoutMilliseconds: options.requestTimeoutMilliseconds ?? 30_000,
  }
  return new ClusterClient(shared, kubeconfig, [new RequestCounter()])
}

/**
 * One cluster, as one user. Objects go in and come out as JSON; kinds are mapped to paths locally, without discovery.
 * Unsuccessful answers are `ApiError`; what may pass (overload, resets, 502 to 504) is retried with growing pauses, a
 * create only when the cluster certainly has not seen it. Every attempt is counted in `requests`.
 */
export class ClusterClient {
  /** URL of the API server. */
  readonly server: string
  readonly context: string
  /** Where namespaced objects without a namespace go. */
  readonly namespace: string
  readonly requests: RequestCounter
  readonly #shared: Shared
  readonly #counters: readonly RequestCounter[]

  constructor(
    shared: Shared,
    identity: { server: string; context: string; namespace: string },
    counters: readonly [RequestCounter, ...RequestCounter[]],
  ) {
    this.#shared = shared
    this.server = identity.server
    this.context = identity.context
    this.namespace = identity.namespace
    this.#counters = counters
    this.requests = counters[0]
  }

  /** The same connection; requests made through the returned client are counted in `counter` too, and are its `requests`. */
  withCounter(counter: RequestCounter): ClusterClient {
    return new ClusterClient(this.#shared, this, [counter, ...this.#counters])
  }

  async create<T extends KubernetesObject>(object: T, options: WriteOptions = {}): Promise<T> {
    const path = withQuery(this.#collectionPath(object, object.metadata.namespace), {
      dryRun: options.dryRun === true ? 'All' : undefined,
    })
    return this.#json<T>('POST', path, { ...options, body: object })
  }

  async get<T extends KubernetesObject>(reference: ObjectReference, options: RequestOptions = {}): Promise<T> {
    return this.#json<T>('GET', this.objectPath(reference), options)
  }

  /** undefined when there is no such object (or no such namespace). A kind that is not served is an error. */
  async getIfExists<T extends KubernetesObject>(
    reference: ObjectReference,
    options: RequestOptions = {},
  ): Promise<T | undefined> {
    try {
      return await this.get<T>(reference, options)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** All pages. Starts anew, once, when the list expires in the middle. */
  async list<T extends KubernetesObject>(selection: Selection, options: ListOptions = {}): Promise<ObjectList<T>> {
    try {
      return await this.#listPages<T>(selection, options)
    } catch (error) {
      if (!isApiError(error, 410)) throw error
      return this.#listPages<T>(selection, options)
    }
  }

  /** Replaces the object; with `metadata.resourceVersion` only if nobody else has changed it since (else 409). */
  async update<T extends KubernetesObject>(object: T, options: WriteOptions = {}): Promise<T> {
    const path = withQuery(this.objectPath(namedReference(object)), {
      dryRun: options.dryRun === true ? 'All' : undefined,
    })
    // Without a resourceVersion a repeated update is the same update; with one it could hit its own first attempt.
    return this.#json<T>('PUT', path, {
      ...options,
      body: object,
      idempotent: object.metadata.resourceVersion === undefined,
    })
  }

  /** JSON merge patch: null removes a field. */
  async mergePatch<T extends KubernetesObject>(
    reference: ObjectReference,
    patch: Record<string, unknown>,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = withQuery(this.objectPath(reference), { dryRun: options.dryRun === true ? 'All' : undefined })
    return this.#json<T>('PATCH', path, { ...options, body: patch, contentType: 'application/merge-patch+json' })
  }

  /** Asks for the object's deletion; false when it (with this uid) was gone already. It may linger: `waitForDeletion`. */
  async delete(reference: ObjectReference, options: DeleteOptions = {}): Promise<boolean> {
    return (await this.beginDeletion(reference, options)) !== 'absent'
  }

  /**
   * As `delete`, with more to tell: the object as it is while finalizers or its grace period hold it, `deleted` when it
   * is gone at once, `absent` when it was gone before.
   */
  async beginDeletion<T extends KubernetesObject>(
    reference: ObjectReference,
    options: DeleteOptions = {},
  ): Promise<T | 'deleted' | 'absent'> {
    const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy, ...request } = options
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    }
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    }
    try {
      const answer = await this.#json<T | StatusBody>('DELETE', this.objectPath(reference), { ...request, body })
      if (isStatusBody(answer)) return 'deleted'
      return answer.metadata.deletionTimestamp === undefined ? 'deleted' : answer
    } catch (error) {
      if (isNotFound(error) || (isApiError(error, 409) && /UID in (the )?precondition/i.test(error.serverMessage))) {
        return 'absent'
      }
      throw error
    }
  }

  /**
   * Every change from now (or from `resourceVersion`) on, as long as the loop runs; see `watchObjects` for what it
   * recovers from.
   */
  watch<T extends KubernetesObject>(
    selection: Selection,
    options: WatchOptions<T> = {},
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const pathFor = (query: Record<string, string>): string =>
      withQuery(this.#collectionPath(selection, selection.namespace), { ...selectors(selection), ...query })
    const source = {
      request: requestInformation('GET', pathFor({ watch: '1' })),
      open: async (resourceVersion: string, timeoutSeconds: number, signal: AbortSignal): Promise<IncomingMessage> =>
        this.#openStream(
          pathFor({
            watch: '1',
            allowWatchBookmarks: 'true',
            resourceVersion,
            timeoutSeconds: String(timeoutSeconds),
          }),
          signal,
        ),
      list: (signal: AbortSignal | undefined) => this.#listPages<T>(selection, { signal }),
    }
    return watchObjects<T>(source, options, this.#shared.retry)
  }

  /** The end of a container's log. */
  async logs(pod: { namespace: string; name: string }, container: string, options: LogOptions = {}): Promise<string> {
    const path = withQuery(resourcePath({ apiVersion: 'v1', kind: 'Pod' }, pod.namespace, pod.name, 'log'), {
      container,
      tailLines: String(options.tailLines ?? 500),
      limitBytes: String(options.limitBytes ?? 1_048_576),
    })
    return (await this.request('GET', path, options)).body
  }

  /** The log of a container from its beginning, as it comes, until it has ended. Not retried. */
  async *followLog(
    pod: { namespace?: string; name: string },
    container: string,
    signal: AbortSignal,
  ): AsyncGenerator<string, void, undefined> {
    const reference = { apiVersion: 'v1', kind: 'Pod', ...pod }
    const path = withQuery(this.objectPath(reference, 'log'), { container, follow: 'true' })
    const answer = await this.#openStream(path, signal)
    yield* answer.setEncoding('utf8') as AsyncIterable<string>
  }

  /** Asks, all at once, whether we may. */
  async canI(permissions: readonly Permission[], options: RequestOptions = {}): Promise<PermissionAnswer[]> {
    return Promise.all(permissions.map((permission) => this.#canIOne(permission, options)))
  }

  async version(options: RequestOptions = {}): Promise<ServerVersion> {
    return this.#json<ServerVersion>('GET', '/version', options)
  }

  /** A stream subresource such as `.../virtualmachineinstances/x/console`. Not retried. */
  async openWebSocket(path: string, options: WebSocketRequestOptions = {}): Promise<WebSocketConnection> {
    const { verb, resource } = requestInformation('GET', path)
    this.#count(verb, resource)
    return openWebSocket(this.#shared.transport, path, {
      timeoutMilliseconds: this.#shared.requestTimeoutMilliseconds,
      ...options,
    })
  }

  /** Any other request, e.g. `PUT .../virtualmachineinstances/x/pause`. @throws ApiError unless the status is 2xx. */
  async request(method: string, path: string, options: RawRequestOptions = {}): Promise<HttpAnswer> {
    const information = requestInformation(method, path)
    const { body, contentType, signal } = options
    return withRetries(
      async () => {
        this.#count(information.verb, information.resource)
        const answer = await this.#shared.transport.send({
          method,
          path,
          signal,
          timeoutMilliseconds: options.timeoutMilliseconds ?? this.#shared.requestTimeoutMilliseconds,
          description: describeRequest(information),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          ...(contentType === undefined ? {} : { contentType }),
        })
        if (answer.status < 200 || answer.status > 299) throw refusal(information, answer.status, answer.body, answer)
        return answer
      },
      { idempotent: options.idempotent ?? method !== 'POST', policy: this.#shared.retry, signal },
    )
  }

  /** The path of an object or, with `subresource`, below it; for `request` and `openWebSocket`. */
  objectPath(reference: ObjectReference, subresource?: string): string {
    return resourcePath(reference, this.#namespaceFor(reference, reference.namespace), reference.name, subresource)
  }

  /** The reference with the namespace filled in that this client would use. */
  qualify(reference: ObjectReference): ObjectReference {
    const namespace = this.#namespaceFor(reference, reference.namespace)
    return { ...reference, ...(namespace === undefined ? {} : { namespace }) }
  }

  /** The same for all clients made from this one by `withCounter`: to key what was learnt about this user's rights. */
  get connection(): object {
    return this.#shared
  }

  /** Ends all connections; further requests fail. */
  close(): void {
    this.#shared.transport.close()
  }

  async #listPages<T extends KubernetesObject>(selection: Selection, options: ListOptions): Promise<ObjectList<T>> {
    const items: T[] = []
    const path = this.#collectionPath(selection, selection.namespace)
    let page: string | undefined
    let resourceVersion = ''
    do {
      const query = { ...selectors(selection), limit: String(options.pageSize ?? 500), continue: page }
      const answer = await this.#json<WireList<T>>('GET', withQuery(path, query), options)
      const itemKind = { apiVersion: selection.apiVersion, kind: selection.kind }
      // Items of lists of built-in kinds come without apiVersion and kind.
      for (const item of answer.items) items.push({ ...itemKind, ...item })
      resourceVersion = answer.metadata.resourceVersion ?? ''
      page = answer.metadata.continue === '' ? undefined : answer.metadata.continue
    } while (page !== undefined)
    return { items, resourceVersion }
  }

  async #openStream(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const information = requestInformation('GET', path)
    this.#count(information.verb, information.resource)
    const answer = await this.#shared.transport.open({
      method: 'GET',
      path,
      signal,
      timeoutMilliseconds: this.#shared.requestTimeoutMilliseconds,
      description: describeRequest(information),
    })
    const status = answer.statusCode ?? 0
    if (status >= 200 && status <= 299) return answer
    answer.setEncoding('utf8')
    let body = ''
    for await (const chunk of answer) body += chunk as string
    throw refusal(information, status, body, answer)
  }

  async #canIOne(permission: Permission, options: RequestOptions): Promise<PermissionAnswer> {
    const [resource, ...subresource] = permission.resource.split('/')
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: {
          verb: permission.verb,
          group: permission.group,
          resource,
          ...(subresource.length === 0 ? {} : { subresource: subresource.join('/') }),
          ...(permission.namespace === undefined ? {} : { namespace: permission.namespace }),
          ...(permission.name === undefined ? {} : { name: permission.name }),
        },
      },
    }
    const path = resourcePath(review, undefined)
    const answer = await this.#json<{ status?: { allowed?: boolean; reason?: string } }>('POST', path, {
      ...options,
      body: review,
      idempotent: true,
    })
    return { permission, allowed: answer.status?.allowed === true, reason: answer.status?.reason ?? '' }
  }

  async #json<T>(method: string, path: string, options: RawRequestOptions): Promise<T> {
    const answer = await this.request(method, path, options)
    try {
      return JSON.parse(answer.body) as T
    } catch (error) {
      const text = `${describeRequest(requestInformation(method, path))}: ${this.server} answered ${answer.status} with something that is no JSON: ${excerpt(answer.body)}`
      throw new UnexpectedAnswerError(text, { cause: error })
    }
  }

  #collectionPath(reference: { apiVersion: string; kind: string }, namespace: string | undefined): string {
    return resourcePath(reference, this.#namespaceFor(reference, namespace))
  }

  #namespaceFor(reference: { apiVersion: string; kind: string }, namespace: string | undefined): string | undefined {
    return resourceTypeOf(reference).namespaced ? (namespace ?? this.namespace) : undefined
  }

  #count(verb: string, resource: string): void {
    for (const counter of this.#counters) counter.count(verb, resource)
  }
}

interface WireList<T> {
  items: T[]
  metadata: { resourceVersion?: string; continue?: string }
}

/** The object is not there; as opposed to its kind, which the cluster answers without a reason. */
function isNotFound(error: unknown): boolean {
  return isApiError(error, 404) && error.reason === 'NotFound'
}

function refusal(
  request: RequestInformation,
  status: number,
  body: string,
  answer: { headers: IncomingMessage['headers'] },
): ApiError {
  const error = apiErrorFrom(request, status, body)
  const seconds = Number(answer.headers['retry-after'] ?? error.details?.retryAfterSeconds ?? 0)
  if (Number.isFinite(seconds) && seconds > 0) retryAfter.set(error, seconds * 1000)
  return error
}

function namedReference(object: KubernetesObject): ObjectReference {
  const { name, namespace } = object.metadata
  if (name === undefined) throw new Error(`cannot update a ${object.kind} without metadata.name`)
  return { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

function selectors(selection: Selection): Record<string, string | undefined> {
  const byName = selection.name === undefined ? undefined : `metadata.name=${selection.name}`
  const fields = [byName, selection.fieldSelector].filter((part) => part !== undefined).join(',')
  return { labelSelector: selection.labelSelector, fieldSelector: fields === '' ? undefined : fields }
}

function withQuery(path: string, query: Record<string, string | undefined>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value)
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}
