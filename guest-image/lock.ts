/** packages.lock.json: the exact packages the guest image is made of, and what has to come out. */
import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')

const lockedPackage = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  architecture: z.string().min(1),
  /** Relative to the root of a mirror of the archive that has the package. */
  path: z.string().regex(/^pool\//, 'expected a path that starts with pool/'),
  size: z.int().positive(),
  sha256,
})
export type LockedPackage = z.infer<typeof lockedPackage>

const lock = z.strictObject({
  packages: z.array(lockedPackage),
  layers: z.record(z.string(), z.strictObject({ size: z.int().positive(), sha256 })),
})
export type GuestImageLock = z.infer<typeof lock>

/** @throws Error naming the file and every problem in it */
export async function readLock(file: string): Promise<GuestImageLock> {
  const result = lock.safeParse(JSON.parse(await readFile(file, 'utf8')))
  if (!result.success) throw new Error(`${file} is no lock file of the guest image:\n${z.prettifyError(result.error)}`)
  return result.data
}

export async function writeLock(file: string, content: GuestImageLock): Promise<void> {
  await writeFile(file, `${JSON.stringify(lock.parse(content), undefined, 2)}\n`)
}
