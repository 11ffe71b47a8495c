/** The other side: fetches the report that a pod has handed over. */
import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { ArchiveError, untar } from '../archive/untar.ts'
import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient } from '../kubernetes/cluster-client.ts'
import type { ConfigMap } from './config-map-status.ts'
import { type HandedOver, largestRunBytes, partKey, partName, readReportNote } from './report-parts.ts'

/** Nothing, or not all, of a report could be fetched. */
export class ReportIncompleteError extends Error {
  override readonly name = 'ReportIncompleteError'
}

export interface CollectOptions {
  namespace: string
  prefix: string
  shard: number
  /** As the pod wrote it; undefined: it wrote none. */
  note: string | undefined
  /** A folder that is made. */
  into: string
}

/**
 * Fetches the files of a run, one part in memory at a time.
 * @returns the id of the run
 * @throws ReportIncompleteError; ApiError and ConnectionError when the cluster does not answer
 */
export async function collectReport(client: ClusterClient, options: CollectOptions): Promise<string> {
  const handedOver = readReportNote(options.note)
  if (typeof handedOver === 'string') throw new ReportIncompleteError(handedOver)
  try {
    await pipeline(partsOf(client, handedOver, options), createGunzip(), (archive: AsyncIterable<Buffer>) =>
      untar(archive, options.into, { bytes: largestRunBytes }),
    )
  } catch (error) {
    if (!isDamage(error)) throw error
    throw new ReportIncompleteError(`it is damaged: ${error.message}`, { cause: error })
  }
  return handedOver.run
}

async function* partsOf(
  client: ClusterClient,
  { parts, bytes, sha256 }: HandedOver,
  { namespace, prefix, shard }: CollectOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256')
  let fetched = 0
  for (let part = 0; part < parts; part += 1) {
    const name = partName(prefix, shard, part)
    const where = `part ${part + 1} of ${parts} (ConfigMap ${namespace}/${name})`
    const configMap = await client
      .get<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name })
      .catch((error: unknown) => {
        throw isApiError(error, 404) ? new ReportIncompleteError(`${where} is not there any more`) : error
      })
    const content = configMap.binaryData?.[partKey]
    if (content === undefined) throw new ReportIncompleteError(`${where} is empty`)
    const piece = Buffer.from(content, 'base64')
    hash.update(piece)
    fetched += piece.length
    yield piece
  }
  if (fetched !== bytes) throw new ReportIncompleteError(`its parts have ${fetched} bytes in place of ${bytes}`)
  if (hash.digest('hex') !== sha256) throw new ReportIncompleteError('its parts are not those that its pod stored')
}

/** Of what is compressed, or of what is in it. */
const isDamage = (error: unknown): error is Error =>
  error instanceof ArchiveError ||
  (error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_'))
