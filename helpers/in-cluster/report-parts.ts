/**
 * How the folder of a run leaves its pod: as a compressed archive in ConfigMaps, each below the size that one may have.
 * They outlive the container and whoever follows it, wait for a reader that lost its connection, and need one right more
 * than the run has (create ConfigMaps). A log would rotate at 10 MiB, and a container that waits to be read would keep its
 * Job from completing.
 */

/** Set for pods that are to hand over their report: what the names of its ConfigMaps begin with. */
export const reportVariable = 'KUBEVIRT_ACCEPTANCE_REPORT'

/** Of the 1 MiB that an object may have. */
export const partBytes = 768 * 1024
/** Of one shard, compressed: 86 parts, which etcd keeps until the ConfigMap of the checkup goes. */
export const largestReportBytes = 64 * 1024 * 1024
/** Of all files of one shard, as the volume of its pod has room for. */
export const largestRunBytes = 1024 * 1024 * 1024

/** The entry of `binaryData`; put together in order, the parts are an archive that `tar -xz` reads. */
export const partKey = 'report.tar.gz'

export const partName = (prefix: string, shard: number, part: number): string => `${prefix}-${shard}-${part}`

/** What there is to fetch, as the pod notes it once every part is stored. */
export interface HandedOver {
  /** Id of the run whose folder it is. */
  run: string
  parts: number
  /** Of all parts together. */
  bytes: number
  sha256: string
}

/** Annotation of the ConfigMap of a checkup, without the prefix and the suffix of shards. */
export const reportNote = 'report'
const refused = 'not handed over: '

export const handedOverNote = (handedOver: HandedOver): string => JSON.stringify(handedOver)
export const notHandedOverNote = (reason: string): string => `${refused}${reason}`

/** @returns the reason where there is nothing to fetch */
export function readReportNote(note: string | undefined): HandedOver | string {
  if (note === undefined) return 'its pod ended before it had handed it over; see its log'
  if (note.startsWith(refused)) return `its pod could not hand it over: ${note.slice(refused.length)}`
  try {
    const read = JSON.parse(note) as Partial<HandedOver>
    const { run, parts, bytes, sha256 } = read
    if (typeof run === 'string' && typeof sha256 === 'string' && Number.isInteger(parts) && Number.isInteger(bytes))
      return read as HandedOver
  } catch {
    // Said below.
  }
  return `the note of its pod cannot be read: ${JSON.stringify(note.slice(0, 200))}`
}
