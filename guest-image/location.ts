/** Where the guest image is, for those who build it and those who boot it. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, readdir, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { skeleton } from './image-definition.ts'

/** Folder of the lock file, the init script and the overlay: the same for the sources and for the compiled package. */
export const guestImageSources = path.join(packageRoot(path.dirname(fileURLToPath(import.meta.url))), 'guest-image')
export const lockFile = path.join(guestImageSources, 'packages.lock.json')

/** Changes with image.json: an image of another version counts as missing. */
const manifestVersion = 2

/** image.json in the folder of a finished image. */
const imageManifest = z.strictObject({
  /** By layer: e.g. `kernel` is 6.1.0-56-cloud-amd64 */
  kernelReleases: z.record(z.string(), z.string()),
  /** By name, e.g. kernel, modules, base, init; the file is in the same folder. */
  layers: z.record(z.string(), z.strictObject({ file: z.string(), size: z.int(), sha256: z.string() })),
})
export type ImageManifest = z.infer<typeof imageManifest>

export interface GuestImage extends ImageManifest {
  directory: string
}

/** `$KUBEVIRT_ACCEPTANCE_CACHE` or `~/.cache/kubevirt-acceptance` (`$XDG_CACHE_HOME` is honoured). */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return (
    environment['KUBEVIRT_ACCEPTANCE_CACHE'] ||
    path.join(environment['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'), 'kubevirt-acceptance')
  )
}

export const packageDirectory = (): string => path.join(cacheDirectory(), 'guest-image', 'packages')

/** The folder changes with the lock file, the init script, the skeleton and the overlay, so that no guest boots an image that is out of date. */
export async function imageDirectory(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([manifestVersion, skeleton]))
  const files = ['packages.lock.json', 'init.sh', ...(await overlayFiles()).map((name) => `overlay/${name}`)]
  for (const name of files) {
    const file = path.join(guestImageSources, name)
    const executable = ((await stat(file)).mode & 0o100) !== 0
    const content = await readFile(file)
    hash.update(JSON.stringify([name, executable, content.length])).update(content)
  }
  return path.join(cacheDirectory(), 'guest-image', hash.digest('hex').slice(0, 32))
}

/** Paths below the overlay folder, sorted. */
export async function overlayFiles(): Promise<string[]> {
  const entries = await readdir(path.join(guestImageSources, 'overlay'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(path.join(guestImageSources, 'overlay'), path.join(entry.parentPath, entry.name)))
    .sort()
}

/** The image that belongs to the lock file, or null when it has not been built. */
export async function findGuestImage(): Promise<GuestImage | null> {
  const directory = await imageDirectory()
  const manifest = path.join(directory, 'image.json')
  if (!existsSync(manifest)) return null
  return { directory, ...imageManifest.parse(JSON.parse(await readFile(manifest, 'utf8'))) }
}

function packageRoot(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder
    if (folder === path.dirname(folder)) throw new Error(`no package.json above ${from}`)
  }
}
