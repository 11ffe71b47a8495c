/** What the guests of the DPDK checkup do at boot. */
import { becomeReady, bootUserData, configMountPoint } from '../boot-configuration.ts'
import { trexFolder } from './trex-files.ts'

export const bootScript = 'dpdk-checkup-boot.sh'
/** The readiness probe waits for it. */
export const readyMarker = '/tmp/dpdk-checkup-ready-marker'

const isolationMarker = '/var/dpdk-checkup-tuned-adm-set-marker'

const installTrex = [
  `cp ${configMountPoint}/trex.service /etc/systemd/system`,
  `cp ${configMountPoint}/run_trex_daemon ${trexFolder}`,
  `chmod 744 ${trexFolder}/run_trex_daemon`,
  `cp ${configMountPoint}/trex_cfg.yaml /etc`,
  'mkdir -p /opt/tests',
  `cp ${configMountPoint}/*.py /opt/tests`,
]

export const dpdkUserData = ({ trex }: { trex: boolean }): string => bootUserData(bootScript, trex ? installTrex : [])

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

${becomeReady(readyMarker)}`
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

${becomeReady(readyMarker)}`
