import type { IncomingMessage } from 'node:http'
import { ApiError, apiErrorFrom, ConnectionError, excerpt, isStatusBody, UnexpectedAnswerError } from './api-error.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { RequestInformation } from './request-information.ts'
import { isRetryable, pauseBefore, type RetryPolicy } from './retry.ts'

export interface WatchEvent<T extends KubernetesObject = KubernetesObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: T
}

/** What a watch needs of the client that it belongs to. */
export interface WatchSource<T extends KubernetesObject> {
  request: RequestInformation
  /** Opens the event stream; rejects with ApiError unless the answer is a success. */
  open(resourceVersion: string, timeoutSeconds: number, signal: AbortSignal): Promise<IncomingMessage>
  list(signal: AbortSignal | undefined): Promise<{ items: T[]; resourceVersion: string }>
}

export interface WatchOptions<T extends KubernetesObject> {
  signal?: AbortSignal | undefined
  /** Where to start; without it the present objects come first, as ADDED. */
  resourceVersion?: string | undefined
  /** Objects known at `resourceVersion`: if one is gone after an interruption, its DELETED is made up for. */
  known?: T[]
  /** Told of every interruption that the watch recovers from by itself. */
  onInterruption?: (error: unknown) => void
}

/** The server ends each watch after this time. A connection that died silently is noticed soon after. */
const watchSeconds = 120
const silenceLimitMilliseconds = (watchSeconds + 15) * 1000
/** A watch that the server ends sooner than this without an event is treated as an interruption, so that it backs off. */
const suspiciouslyShortMilliseconds = 1000

/**
 * Every change of the selected objects, until the consumer leaves the loop or the signal aborts (then it throws the
 * signal's reason). Survives the ends of the server's watches, resets, overload and expired resource versions: it
 * continues where it was, or lists again and reports the difference. Refusals (403, 404, ...) are thrown.
 */
export async function* watchObjects<T extends KubernetesObject>(
  source: WatchSource<T>,
  options: WatchOptions<T>,
  policy: RetryPolicy,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { signal } = options
  const known = new Map((options.known ?? []).map((object) => [identity(object), object]))
  let resourceVersion = options.resourceVersion
  let interruptions = 0
  for (;;) {
    const startedAt = performance.now()
    let received = 0
    try {
      if (resourceVersion === undefined) {
        const listed = await source.list(signal)
        for (const event of difference(known, listed.items)) yield event
        resourceVersion = listed.resourceVersion
      }
      for await (const event of eventsOf<T>(source, resourceVersion, signal)) {
        received += 1
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion
        if (event.type === 'BOOKMARK') continue
        if (event.type === 'DELETED') known.delete(identity(event.object))
        else known.set(identity(event.object), event.object)
        yield { type: event.type, object: event.object }
      }
      if (received > 0 || performance.now() - startedAt > suspiciouslyShortMilliseconds) {
        interruptions = 0
        continue
      }
    } catch (error) {
      signal?.throwIfAborted()
      const expired = error instanceof ApiError && error.code === 410
      if (!expired && !isRetryable(error, true)) throw error
      if (expired) resourceVersion = undefined
      options.onInterruption?.(error)
      if (received > 0) interruptions = 0
      if (expired && interruptions === 0) {
        interruptions = 1
        continue
      }
      await policy.pause(pauseBefore(interruptions, error, policy), signal)
      interruptions += 1
      continue
    }
    await policy.pause(pauseBefore(interruptions, undefined, policy), signal)
    interruptions += 1
  }
}

function identity(object: KubernetesObject): string {
  const { uid, namespace, name } = object.metadata
  return uid ?? `${namespace ?? ''}/${name ?? ''}`
}

function* difference<T extends KubernetesObject>(known: Map<string, T>, present: T[]): Generator<WatchEvent<T>> {
  const presentIds = new Set(present.map(identity))
  for (const [id, object] of known) {
    if (presentIds.has(id)) continue
    known.delete(id)
    yield { type: 'DELETED', object }
  }
  for (const object of present) {
    const before = known.get(identity(object))
    known.set(identity(object), object)
    if (before === undefined) yield { type: 'ADDED', object }
    else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) yield { type: 'MODIFIED', object }
  }
}

interface WireEvent<T extends KubernetesObject> {
  type: WatchEvent['type'] | 'BOOKMARK'
  object: T
}

async function* eventsOf<T extends KubernetesObject>(
  source: WatchSource<T>,
  resourceVersion: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<WireEvent<T>, void, undefined> {
  const connection = new AbortController()
  const forward = (): void => connection.abort(signal?.reason)
  signal?.addEventListener('abort', forward, { once: true })
  const silence = setTimeout(() => {
    const text = `${source.request.verb} ${source.request.resource}: the watch was silent for ${silenceLimitMilliseconds / 1000} s`
    connection.abort(new ConnectionError(text, 'ETIMEDOUT', false, undefined))
  }, silenceLimitMilliseconds)
  silence.unref()
  try {
    signal?.throwIfAborted()
    const answer = await source.open(resourceVersion, watchSeconds, connection.signal)
    // Leaving this loop, however, ends the connection too.
    for await (const line of linesOf(answer)) {
      silence.refresh()
      yield parseEvent<T>(line, source.request)
    }
  } catch (error) {
    throw connection.signal.aborted && connection.signal.reason instanceof Error ? connection.signal.reason : error
  } finally {
    clearTimeout(silence)
    signal?.removeEventListener('abort', forward)
  }
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string, void, undefined> {
  answer.setEncoding('utf8')
  let rest = ''
  try {
    for await (const chunk of answer) {
      rest += chunk as string
      let end = rest.indexOf('\n')
      while (end >= 0) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 1)
        if (line.trim() !== '') yield line
        end = rest.indexOf('\n')
      }
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'AbortError' || error instanceof ConnectionError) throw error
    throw new ConnectionError(`the watch connection broke: ${error.message}`, 'ECONNRESET', false, error)
  }
  // What is left has no line end: the connection was cut inside an event, which the next watch sends again.
}

function parseEvent<T extends KubernetesObject>(line: string, request: RequestInformation): WireEvent<T> {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch (error) {
    throw new UnexpectedAnswerError(`watch ${request.resource}: not a watch event: ${excerpt(line)}`, { cause: error })
  }
  if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event)) {
    throw new UnexpectedAnswerError(`watch ${request.resource}: not a watch event: ${excerpt(line)}`)
  }
  if (event.type === 'ERROR' || isStatusBody(event.object)) {
    const code = isStatusBody(event.object) ? (event.object.code ?? 500) : 500
    throw apiErrorFrom(request, code, JSON.stringify(event.object))
  }
  return event as WireEvent<T>
}
