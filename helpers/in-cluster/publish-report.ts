/** The pod's side of handing over a report. */
import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { tarOf } from '../archive/tar.ts'
import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient } from '../kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { isOutcomeUnknown } from '../kubernetes/retry.ts'
import { type HandedOver, largestReportBytes, partBytes, partKey, partName } from './report-parts.ts'

/** The report is too large for ConfigMaps. */
class ReportTooLargeError extends Error {
  override readonly name = 'ReportTooLargeError'
}

export interface PublishOptions {
  /** Id of the run. */
  run: string
  /** Folder of the run. */
  root: string
  /** What the names of the parts begin with. */
  prefix: string
  shard: number
  /** The ConfigMap of the checkup: the parts are removed with it. */
  owner: KubernetesObject
  limits?: { partBytes: number; reportBytes: number }
}

const createAttempts = 3

/**
 * Stores the files of a run as ConfigMaps, one piece in memory at a time.
 * @throws ReportTooLargeError; ApiError when a part cannot be stored
 */
export async function publishReport(client: ClusterClient, options: PublishOptions): Promise<HandedOver> {
  const { run, root, limits = { partBytes, reportBytes: largestReportBytes } } = options
  const hash = createHash('sha256')
  let bytes = 0
  let parts = 0
  await pipeline(
    // What is built from the results is built again by whoever wants it.
    tarOf(root, (path) => path !== 'allure-report' && !path.endsWith('.tmp')),
    createGzip(),
    async (archive: AsyncIterable<Buffer>) => {
      for await (const part of inParts(archive, limits.partBytes)) {
        bytes += part.length
        if (bytes > limits.reportBytes)
          throw new ReportTooLargeError(
            `compressed, the report has more than the ${limits.reportBytes / 1024 / 1024} MiB that ConfigMaps take; spread the cases over more pods (--shards), or over more runs`,
          )
        hash.update(part)
        await store(client, part, parts, options)
        parts += 1
      }
    },
  )
  return { run, parts, bytes, sha256: hash.digest('hex') }
}

async function* inParts(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer, void, undefined> {
  let pieces: Buffer[] = []
  let length = 0
  for await (const piece of source)
    for (let rest = piece; rest.length > 0;) {
      const taken = rest.subarray(0, size - length)
      rest = rest.subarray(taken.length)
      pieces.push(taken)
      length += taken.length
      if (length < size) continue
      yield Buffer.concat(pieces)
      pieces = []
      length = 0
    }
  if (length > 0) yield Buffer.concat(pieces)
}

async function store(
  client: ClusterClient,
  content: Buffer,
  part: number,
  { prefix, shard, owner }: PublishOptions,
): Promise<void> {
  const { name = '', namespace = '', uid = '' } = owner.metadata
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: partName(prefix, shard, part),
      namespace,
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }],
    },
    immutable: true,
    binaryData: { [partKey]: content.toString('base64') },
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.create(object)
      return
    } catch (error) {
      // An attempt without an answer was stored after all: the name is nobody else's.
      if (attempt > 1 && isApiError(error, 409)) return
      if (!isOutcomeUnknown(error) || attempt >= createAttempts) throw error
    }
  }
}
