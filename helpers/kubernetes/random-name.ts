import { randomInt } from 'node:crypto'

/** As Kubernetes makes names from generateName: without vowels and look-alikes. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** `prefix` and five random characters, at most 63 in all. */
export function randomName(prefix: string): string {
  let suffix = ''
  for (let index = 0; index < 5; index += 1) suffix += alphabet.charAt(randomInt(alphabet.length))
  return prefix.slice(0, 58) + suffix
}
