/** What is timed in lifecycle cases, and which parameter limits it. */
export interface Timing {
  /** Of the result and the measurement, in milliseconds. */
  result: string
  /** Without `lifecycle.` */
  check: string
  parameter: string
  what: string
  /** From when until when. */
  measuredBy: string
  remediation: string
}

const slowStart =
  'Look where the time goes in the table of phases: scheduling, pulling images, volumes that are attached, or the domain.'

export const timings = {
  start: {
    result: 'startMilliseconds',
    check: 'start-time',
    parameter: 'maxStartTime',
    what: 'starting a VM',
    measuredBy: 'From the start request until the VMI is seen in phase Running.',
    remediation: slowStart,
  },
  login: {
    result: 'loginMilliseconds',
    check: 'login-time',
    parameter: 'maxLoginTime',
    what: 'a guest to be logged in to',
    measuredBy: 'From phase Running until somebody is logged in over the console or SSH.',
    remediation: 'Look in the console transcript for what the guest waits for while it boots.',
  },
  stop: {
    result: 'stopMilliseconds',
    check: 'stop-time',
    parameter: 'maxStopTime',
    what: 'stopping a VM',
    measuredBy: 'From the stop request until the VM is Stopped and its VMI is gone.',
    remediation: 'Look whether the guest reacts to its power button, and at the grace period of the VM.',
  },
  restart: {
    result: 'restartMilliseconds',
    check: 'restart-time',
    parameter: 'maxRestartTime',
    what: 'restarting a VM',
    measuredBy: 'From the restart request until a new VMI is seen in phase Running.',
    remediation: slowStart,
  },
  upload: {
    result: 'uploadMilliseconds',
    check: 'upload-time',
    parameter: 'maxUploadTime',
    what: 'uploading an image',
    measuredBy: 'From the first byte that is sent until the DataVolume is Succeeded.',
    remediation: 'Compare with the bandwidth to the upload proxy and of the storage; conversion needs scratch space.',
  },
  dataVolume: {
    result: 'dataVolumeMilliseconds',
    check: 'data-volume-time',
    parameter: 'maxDataVolumeTime',
    what: 'filling a DataVolume',
    measuredBy: 'From its creation until the DataVolume is Succeeded.',
    remediation: 'Look at the worker pod, at the clone type, and at the bandwidth of the source and of the storage.',
  },
  migration: {
    result: 'migrationMilliseconds',
    check: 'migration-time',
    parameter: 'maxMigrationTime',
    what: 'a live migration',
    measuredBy: 'From the creation of the VirtualMachineInstanceMigration until it is Succeeded.',
    remediation:
      'Look at the phases: a target pod that is slow to start, or memory that changes faster than it is copied.',
  },
  interruption: {
    result: 'interruptionMilliseconds',
    check: 'interruption',
    parameter: 'maxInterruption',
    what: 'the interruption by a live migration',
    measuredBy:
      'The longest gap between two beats of a loop in the guest beyond its usual pace, and what the clock of the guest lost against that of the cluster while the loop ran.',
    remediation: 'Look at the bandwidth of the migration network and at how fast the guest changes its memory.',
  },
  snapshot: {
    result: 'snapshotMilliseconds',
    check: 'snapshot-time',
    parameter: 'maxSnapshotTime',
    what: 'a snapshot of a VM',
    measuredBy: 'From its creation until the VirtualMachineSnapshot is ready to use.',
    remediation: 'Look at the VolumeSnapshots of the VM and at the CSI driver.',
  },
  restore: {
    result: 'restoreMilliseconds',
    check: 'restore-time',
    parameter: 'maxRestoreTime',
    what: 'restoring a VM',
    measuredBy: 'From its creation until the VirtualMachineRestore is complete.',
    remediation: 'Look at the claims that are made from the snapshots and at the CSI driver.',
  },
  hotPlug: {
    result: 'hotPlugMilliseconds',
    check: 'hot-plug-time',
    parameter: 'maxHotPlugTime',
    what: 'plugging a volume into a running VM',
    measuredBy: 'From the addvolume request until the volume is Ready in the status of the VMI.',
    remediation: 'Look at the attachment pod of the VM (hp-volume-...) and its events.',
  },
  deletion: {
    result: 'deletionMilliseconds',
    check: 'deletion-time',
    parameter: 'maxDeletionTime',
    what: 'a VM with its volumes to be gone',
    measuredBy: 'From the request until the VM and all that belongs to it are gone.',
    remediation: 'Look for finalizers that nobody removes.',
  },
} as const satisfies Record<string, Timing>
export type TimingName = keyof typeof timings
