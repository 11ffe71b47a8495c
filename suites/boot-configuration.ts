/**
 * How the guests of the documented checkups prepare themselves: cloud-init mounts the disk of a ConfigMap and runs a
 * script from it at each boot.
 */
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { withAnnotation } from '../helpers/kubevirt/metadata.ts'
import type { VmiOption } from '../helpers/kubevirt/virtual-machine-instance.ts'

/** The guests find the disk with their files by its serial number. */
export const configDiskSerial = 'DEADBEEF'
export const configMountPoint = '/mnt/app-config'

const mountConfiguration = [
  `mkdir ${configMountPoint}`,
  `mount /dev/$(lsblk --nodeps -no name,serial | grep ${configDiskSerial} | cut -f1 -d' ') ${configMountPoint}`,
]

/**
 * cloud-config whose commands run at every boot, since boot scripts reboot once.
 * @param bootScript name of the script in the ConfigMap
 * @param prepare commands between mounting the disk and running the script
 */
export function bootUserData(bootScript: string, prepare: readonly string[] = []): string {
  const commands = [
    ...mountConfiguration,
    ...prepare,
    `cp ${configMountPoint}/${bootScript} /usr/bin/`,
    `chmod 744 /usr/bin/${bootScript}`,
    `/usr/bin/${bootScript}`,
  ]
  return ['#cloud-config', 'bootcmd:', ...commands.map((command) => `  - ${JSON.stringify(command)}`), ''].join('\n')
}

/** The end of a boot script: the readiness probe waits for `marker`. */
export const becomeReady = (marker: string): string =>
  // The agent, which runs the probe, may read nothing else under SELinux.
  `touch ${marker}
if command -v chcon > /dev/null; then
  chcon -t virt_qemu_ga_exec_t ${marker}
fi
`

export interface ConfigMap extends KubernetesObject {
  data: Record<string, string>
}

export const configMap = (namespace: string, name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
})

/** Keeps CRI-O from disturbing dedicated CPUs; other runtimes ignore it. */
export const undisturbedCpus: readonly VmiOption[] = [
  'cpu-load-balancing.crio.io',
  'cpu-quota.crio.io',
  'irq-load-balancing.crio.io',
].map((annotation) => withAnnotation(annotation, 'disable'))
