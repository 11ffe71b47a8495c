import type { V1Volume } from '@kubevirt-ui-ext/kubevirt-api/kubevirt'
import type { VmiOption } from './virtual-machine-instance.ts'

export interface ContainerDiskOptions {
  name?: string
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
}

/** A disk whose content comes from a container image and is lost with the VMI; the first one is booted from. */
export function withContainerDisk(image: string, options: ContainerDiskOptions = {}): VmiOption {
  const { name = 'disk0', imagePullPolicy } = options
  const containerDisk = { image, ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }) }
  return withDisk({ name, containerDisk })
}

export function withPersistentVolumeClaim(claimName: string, name = claimName): VmiOption {
  return withDisk({ name, persistentVolumeClaim: { claimName } })
}

export function withDataVolume(dataVolume: string, name = dataVolume): VmiOption {
  return withDisk({ name, dataVolume: { name: dataVolume } })
}

/** A blank disk that is lost with the VMI. `capacity` is a quantity such as `1Gi`. */
export function withEmptyDisk(name: string, capacity: string): VmiOption {
  return withDisk({ name, emptyDisk: { capacity } })
}

/** The files of a ConfigMap on a disk that the guest finds by its serial number. KubeVirt chooses the bus. */
export function withConfigMapDisk(name: string, configMap: string, serial: string): VmiOption {
  return ({ spec }) => {
    const { devices } = spec.domain
    devices.disks = [...(devices.disks ?? []), { name, serial }]
    spec.volumes = [...(spec.volumes ?? []), { name, configMap: { name: configMap, optional: false } }]
  }
}

/** A virtio disk and the volume behind it. */
export function withDisk(volume: V1Volume): VmiOption {
  return ({ spec }) => {
    const { devices } = spec.domain
    devices.disks = [...(devices.disks ?? []), { name: volume.name, disk: { bus: 'virtio' } }]
    spec.volumes = [...(spec.volumes ?? []), volume]
  }
}

/** A volume alone; KubeVirt makes a disk for it. */
export function withVolume(volume: V1Volume): VmiOption {
  return ({ spec }) => {
    spec.volumes = [...(spec.volumes ?? []), volume]
  }
}
