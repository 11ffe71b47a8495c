/** What a lifecycle case lives through. */
export const kinds = [
  'stateless',
  'lifecycle',
  'run-strategies',
  'console',
  'guest-agent',
  'ssh',
  'stateful-upload',
  'data-volume-blank',
  'data-volume-http',
  'data-volume-registry',
  'data-volume-clone',
  'data-volume-snapshot',
  'wait-for-first-consumer',
  'migration',
  'snapshot-restore',
  'hot-plug',
  'sriov',
  'network-policy',
  'deletion',
] as const
export type Kind = (typeof kinds)[number]

/** The outcome that a case expects, as a sentence. */
export const kindTitles: Record<Kind, string> = {
  stateless: 'a stateless VM starts, is logged in to, and forgets what was written when it is restarted',
  lifecycle: 'a VM starts, pauses, restarts and stops when it is told to, and refuses what makes no sense',
  'run-strategies': 'VMs follow their run strategies',
  console: 'the serial console has one client at a time',
  'guest-agent': 'the guest agent tells what is in the guest',
  ssh: 'a guest is reached over SSH by its key, and by no other',
  'stateful-upload': 'a VM keeps what is on an uploaded image when it is stopped and started',
  'data-volume-blank': 'a blank DataVolume is made',
  'data-volume-http': 'a DataVolume is imported by HTTP',
  'data-volume-registry': 'a DataVolume is imported from a registry',
  'data-volume-clone': 'a claim is cloned',
  'data-volume-snapshot': 'a claim is made from a snapshot',
  'wait-for-first-consumer': 'a DataVolume waits for the VM that uses it',
  migration: 'a VM moves to another node while it runs',
  'snapshot-restore': 'a VM gets back what its snapshot holds',
  'hot-plug': 'a volume is plugged into a running VM, and out of it',
  sriov: 'VMs reach each other over SR-IOV virtual functions',
  'network-policy': 'network policies are enforced for VMs, and let the checkup through',
  deletion: 'a deleted VM leaves nothing behind',
}

export type DataVolumeSourceKind = 'blank' | 'http' | 'registry' | 'clone' | 'snapshot'

/** The source of a kind such as `data-volume-http`; undefined for the others. */
export function dataVolumeSourceOf(kind: Kind): DataVolumeSourceKind | undefined {
  return kind.startsWith('data-volume-') ? (kind.slice('data-volume-'.length) as DataVolumeSourceKind) : undefined
}
