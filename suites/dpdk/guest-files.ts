/** How the guests prepare themselves: cloud-init copies files from the disk of a ConfigMap and runs a script at each boot. */
import { trexFolder } from './trex-files.ts'

/** The guests find the disk with their files by its serial number. */
export const configDiskSerial = 'DEADBEEF'
export const bootScript = 'dpdk-checkup-boot.sh'
/** The readiness probe waits for it. */
export const readyMarker = '/tmp/dpdk-checkup-ready-marker'

const mountPoint = '/mnt/app-config'
const isolationMarker = '/var/dpdk-checkup-tuned-adm-set-marker'

const mountConfiguration = [
  `mkdir ${mountPoint}`,
  `mount /dev/$(lsblk --nodeps -no name,serial | grep ${configDiskSerial} | cut -f1 -d' ') ${mountPoint}`,
]

const runBootScript = [
  `cp ${mountPoint}/${bootScript} /usr/bin/`,
  `chmod 744 /usr/bin/${bootScript}`,
  `/usr/bin/${bootScript}`,
]

const installTrex = [
  `cp ${mountPoint}/trex.service /etc/systemd/system`,
  `cp ${mountPoint}/run_trex_daemon ${trexFolder}`,
  `chmod 744 ${trexFolder}/run_trex_daemon`,
  `cp ${mountPoint}/trex_cfg.yaml /etc`,
  'mkdir -p /opt/tests',
  `cp ${mountPoint}/*.py /opt/tests`,
]

/** cloud-config whose commands run at every boot, since the boot script reboots once. */
export function bootUserData({ trex }: { trex: boolean }): string {
  const commands = [...mountConfiguration, ...(trex ? installTrex : []), ...runBootScript]
  return ['#cloud-config', 'bootcmd:', ...commands.map((command) => `  - ${JSON.stringify(command)}`), ''].join('\n')
}

/**
 * Isolates the CPUs that forward, with a reboot, and then gives the interfaces to DPDK. Images without tuned or driverctl
 * go without isolation, and have the interfaces bound by hand.
 */
export function dpdkBootScript(isolatedCores: string, pciAddresses: readonly string[]): string {
  return `#!/bin/bash

if command -v tuned-adm > /dev/null && [ ! -f ${isolationMarker} ]; then
  echo "isolated_cores=${isolatedCores}" > /etc/tuned/cpu-partitioning-variables.conf
  tuned-adm profile cpu-partitioning
  touch ${isolationMarker}
  reboot
  exit 0
fi

for device in ${pciAddresses.join(' ')}; do
  if command -v driverctl > /dev/null; then
    driverctl set-override $device vfio-pci
  else
    modprobe uio_pci_generic
    echo uio_pci_generic > /sys/bus/pci/devices/$device/driver_override
    if [ -e /sys/bus/pci/devices/$device/driver ]; then
      echo $device > /sys/bus/pci/devices/$device/driver/unbind
    fi
    echo $device > /sys/bus/pci/drivers_probe
  fi
done

${becomeReady}`
}

/** pktgen uses the interfaces as the kernel has them. Frames that IPv6 sends by itself would be counted with the traffic. */
export const pktgenBootScript = (pciAddresses: readonly string[]): string =>
  `#!/bin/bash

modprobe pktgen

for device in ${pciAddresses.join(' ')}; do
  for path in /sys/bus/pci/devices/$device/net/* /sys/bus/pci/devices/$device/virtio*/net/*; do
    if [ -e $path ]; then
      interface=$(basename $path)
      echo 1 > /proc/sys/net/ipv6/conf/$interface/disable_ipv6
      ip link set $interface up
    fi
  done
done

${becomeReady}`

// The agent, which runs the probe, may read nothing else under SELinux.
const becomeReady = `touch ${readyMarker}
if command -v chcon > /dev/null; then
  chcon -t virt_qemu_ga_exec_t ${readyMarker}
fi
`
