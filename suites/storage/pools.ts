/** Storage pools under test: a name for people, the class that stands for it, and how its volumes are used. */
const volumeModes = ['Block', 'Filesystem'] as const
const accessModes = ['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod'] as const

export interface StoragePool {
  name: string
  /** null: the default class of the cluster. */
  storageClass: string | null
  volumeMode: (typeof volumeModes)[number]
  accessMode: (typeof accessModes)[number]
}

/** The pool that is meant when none is named. */
export const defaultPoolName = 'default'

const documentedClasses: Record<string, string> = {
  rep3: 'ocs-storagecluster-ceph-rbd',
  'rep3-virt': 'ocs-storagecluster-ceph-rbd-virtualization',
  'rep3-enc': 'ocs-storagecluster-ceph-rbd-encrypted',
  'cephfs-rep3': 'ocs-storagecluster-cephfs',
}
const documentedPools = /^(rep[12]|cephfs-rep2|ec-\d+-\d+)$/
const fileNames = [/^cephfs-/, /^ibmc-/, /vpc-file/, /file-pool/]

export const poolAllowed =
  'a pool such as rep3, fast=my-class, or fast=my-class:Block:ReadWriteOnce (NAME[=CLASS][:VOLUMEMODE[:ACCESSMODE]])'

const grammar =
  /^([a-z\d](?:[a-z\d.-]*[a-z\d])?)(?:=([a-z\d](?:[a-z\d.-]*[a-z\d])?)?)?(?::([A-Za-z]+))?(?::([A-Za-z]+))?$/

/**
 * `NAME[=CLASS][:VOLUMEMODE[:ACCESSMODE]]`. Without a class the documented pools have theirs, `default` the default of the
 * cluster, and any other name is that of a class. Without a volume mode, file systems are told by the name.
 * @throws RangeError
 */
export function parsePool(text: string): StoragePool {
  const [, name, storageClass, volumeMode, accessMode] = grammar.exec(text) ?? []
  const mode = volumeMode ?? (fileNames.some((pattern) => pattern.test(name ?? '')) ? 'Filesystem' : 'Block')
  const access = accessMode ?? 'ReadWriteOnce'
  const known = volumeModes.find((each) => each === mode)
  const knownAccess = accessModes.find((each) => each === access)
  if (name === undefined || known === undefined || knownAccess === undefined)
    throw new RangeError(`invalid pool ${JSON.stringify(text)}: expected ${poolAllowed}`)
  return { name, storageClass: storageClass ?? classOf(name), volumeMode: known, accessMode: knownAccess }
}

function classOf(name: string): string | null {
  if (name === defaultPoolName) return null
  return documentedClasses[name] ?? (documentedPools.test(name) ? `perf-test-sc-${name}` : name)
}

/** With everything said, for `parsePool`. */
export const poolText = ({ name, storageClass, volumeMode, accessMode }: StoragePool): string =>
  `${name}${storageClass === null ? '' : `=${storageClass}`}:${volumeMode}:${accessMode}`
