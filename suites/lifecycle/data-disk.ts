/**
 * A second disk of a guest, found by its serial number. Markers are written onto the bare disk: small images have no
 * programs that make file systems.
 */
import type { Guest } from '../../helpers/guest/guest.ts'
import type { VmiOption } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import { succeed } from './guest-commands.ts'

const serial = 'LIFECYCLE'
const markerBytes = 64

/** Gives the disk of this name the serial number that `dataDisk` looks for. */
export const withDataSerial =
  (disk: string): VmiOption =>
  ({ spec }) => {
    const { devices } = spec.domain
    devices.disks = (devices.disks ?? []).map((each) => (each.name === disk ? { ...each, serial } : each))
  }

/** `/dev/vdb` @throws Error when the guest has no such disk */
export async function dataDisk(guest: Guest): Promise<string> {
  const listed = await succeed(guest, 'for d in /sys/block/*; do echo "$d $(cat $d/serial 2>/dev/null)"; done')
  const found = listed
    .split('\n')
    .map((line) => /^\/sys\/block\/(\S+) (\S+)$/.exec(line.trim()))
    .find((match) => match?.[2] === serial)
  if (!found) throw new Error(`VMI ${guest.vmi} has no disk with serial number ${serial}: ${listed.trim()}`)
  return `/dev/${found[1]}`
}

/** Names of all disks, such as `vda`. */
export async function disksOf(guest: Guest): Promise<string[]> {
  const listed = await succeed(guest, 'ls /sys/block')
  return listed.split(/\s+/).filter((name) => /^(vd|sd|hd|nvme)/.test(name))
}

/** On the disk, not only in its cache, when it returns. @param text letters, digits and `-`, at most 64 */
export async function writeOnDisk(guest: Guest, device: string, text: string): Promise<void> {
  const padded = text.slice(0, markerBytes).padEnd(markerBytes, '.')
  await succeed(guest, `echo ${padded} | dd of=${device} conv=fsync && sync`)
}

/** `kept`, `gone`, or what is there instead. */
export async function diskMarkerState(guest: Guest, device: string, text: string): Promise<string> {
  // Nothing that is cached may answer for the disk.
  await guest.run('echo 3 > /proc/sys/vm/drop_caches')
  // Nothing of a blank disk can be printed.
  const found = await succeed(guest, `dd if=${device} bs=${markerBytes} count=1 2>/dev/null | base64`)
  const marker = Buffer.from(found, 'base64').toString('latin1').replaceAll('\0', '').replace(/\.+$/, '')
  if (marker === text.slice(0, markerBytes)) return 'kept'
  return marker === '' ? 'gone' : `changed to ${JSON.stringify(marker.slice(0, markerBytes))}`
}
