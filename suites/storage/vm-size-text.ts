/** VM sizes as they are written: `small:2:4Gi`. */
import { parseQuantity } from '../../helpers/units/quantity.ts'
import type { VmSize } from './matrix.ts'

export const vmSizeAllowed = 'a VM size such as small:2:4Gi (name, virtual CPUs, memory)'
export const documentedVmSizes = ['small:2:4Gi', 'medium:4:8Gi', 'large:8:16Gi']

/** @throws RangeError */
export function parseVmSize(text: string): VmSize {
  const [, label, vcpus, memory] = /^([a-z\d]+(?:-[a-z\d]+)*):([1-9]\d{0,2}):(\d\S*)$/.exec(text) ?? []
  if (label === undefined || memory === undefined)
    throw new RangeError(`invalid VM size ${JSON.stringify(text)}: expected ${vmSizeAllowed}`)
  return { label, vcpus: Number(vcpus), memory: parseQuantity(memory) }
}
