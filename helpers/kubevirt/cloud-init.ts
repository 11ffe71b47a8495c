import { stringify } from 'yaml'
import { withDisk, withVolume } from './storage.ts'
import type { VmiOption } from './virtual-machine-instance.ts'

export interface CloudInitNoCloud {
  /** Text as it stands, or a cloud-config as data. */
  userData?: string | Record<string, unknown>
  /** Text as it stands, or a network configuration (version 1 or 2) as data. */
  networkData?: string | Record<string, unknown>
  /** Of the disk. Default: `cloudinit`. */
  name?: string
  /** Whether the VMI has an entry for the disk. Without one KubeVirt makes it, after all others. Default: true. */
  diskEntry?: boolean
}

/** A disk with what the guest configures itself from at its first boot. */
export function withCloudInitNoCloud({
  userData,
  networkData,
  name = 'cloudinit',
  diskEntry = true,
}: CloudInitNoCloud): VmiOption {
  return (diskEntry ? withDisk : withVolume)({
    name,
    cloudInitNoCloud: {
      ...(userData === undefined ? {} : { userData: cloudConfig(userData) }),
      ...(networkData === undefined ? {} : { networkData: yaml(networkData) }),
    },
  })
}

function cloudConfig(userData: string | Record<string, unknown>): string {
  return typeof userData === 'string' ? userData : `#cloud-config\n${yaml(userData)}`
}

function yaml(data: string | Record<string, unknown>): string {
  return typeof data === 'string' ? data : stringify(data)
}
