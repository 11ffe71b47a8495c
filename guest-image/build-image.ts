/** Builds the guest image from Debian packages into the cache; needs neither root nor dpkg, only xz and (or a mirror for) apt. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CpioArchive } from './cpio.ts'
import { readDebianPackage } from './debian-package.ts'
import { imageDefinition, skeleton } from './image-definition.ts'
import { composeImage, type ComposedImage } from './layers.ts'
import {
  findGuestImage,
  guestImageSources,
  imageDirectory,
  lockFile,
  overlayFiles,
  packageDirectory,
  type GuestImage,
  type ImageManifest,
} from './location.ts'
import { readLock, writeLock, type GuestImageLock, type LockedPackage } from './lock.ts'
import { PackageFiles } from './package-files.ts'
import { obtainPackages, packagePath, resolvePackages } from './package-source.ts'

export interface BuildOptions {
  /** Roots of Debian mirrors to download from; empty: the machine's apt. */
  mirrors: string[]
  /** Take the versions that apt offers now and write them to the lock file. */
  updateLock: boolean
  /** Build even when the image is there. */
  force: boolean
  log: (line: string) => void
}

/** @throws Error when packages cannot be had, or a layer does not come out as the lock file says */
export async function buildGuestImage({ mirrors, updateLock, force, log }: BuildOptions): Promise<GuestImage> {
  const folder = packageDirectory()
  if (updateLock) {
    const { kernels, layers } = imageDefinition
    const roots = [...kernels.map((each) => each.package), ...layers.flatMap((each) => each.packages)]
    const packages = await resolvePackages([...new Set(roots)], folder, log)
    const { image, used } = await compose(packages, folder)
    await writeLock(lockFile, { packages: packages.filter(({ name }) => used.has(name)), layers: fingerprints(image) })
    log(`wrote ${lockFile}: ${used.size} packages`)
    return store(image)
  }
  const existing = await findGuestImage()
  if (existing && !force) return existing
  const lock = await readLock(lockFile)
  await obtainPackages({ packages: lock.packages, folder, mirrors, log })
  const { image } = await compose(lock.packages, folder)
  compare(fingerprints(image), lock.layers)
  return store(image)
}

async function compose(
  packages: LockedPackage[],
  folder: string,
): Promise<{ image: ComposedImage; used: Set<string> }> {
  const files = new PackageFiles()
  for (const each of packages) files.add(each.name, await readDebianPackage(await readFile(packagePath(folder, each))))
  return { image: await composeImage(imageDefinition, files), used: files.used }
}

const fingerprints = ({ layers }: ComposedImage): GuestImageLock['layers'] =>
  Object.fromEntries([...layers].map(([name, content]) => [name, { size: content.length, sha256: sha256(content) }]))

function compare(built: GuestImageLock['layers'], locked: GuestImageLock['layers']): void {
  const differing = [...new Set([...Object.keys(built), ...Object.keys(locked)])].filter(
    (name) => built[name]?.sha256 !== locked[name]?.sha256,
  )
  if (differing.length > 0)
    throw new Error(
      differing
        .map(
          (name) =>
            `layer "${name}" has sha256 ${built[name]?.sha256 ?? 'none'}, but packages.lock.json says ${locked[name]?.sha256 ?? 'none'}`,
        )
        .join('\n') +
        '\nAfter a change of the build or of image-definition.ts run: npx kubevirt-acceptance guest-image --update-lock',
    )
}

async function store(image: ComposedImage): Promise<GuestImage> {
  const contents = new Map([...image.layers, ['init', await initLayer()]])
  const directory = await imageDirectory()
  // Complete or not there at all: another process may look for the image at any time.
  const temporary = `${directory}.${process.pid}`
  await mkdir(temporary, { recursive: true })
  const layers: ImageManifest['layers'] = {}
  const disks = new Set(imageDefinition.layers.filter(({ medium }) => medium === 'disk').map(({ name }) => name))
  for (const [name, content] of contents) {
    const file = `${name}.${name in image.kernelReleases ? 'vmlinux' : disks.has(name) ? 'iso' : 'cpio'}`
    await writeFile(path.join(temporary, file), content)
    layers[name] = { file, size: content.length, sha256: sha256(content) }
  }
  const manifest: ImageManifest = { kernelReleases: image.kernelReleases, layers }
  await writeFile(path.join(temporary, 'image.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  await rm(directory, { recursive: true, force: true })
  await rename(temporary, directory)
  return { directory, ...manifest }
}

/** The init script and the overlay: kept apart from the packages, so that a change of them needs no new lock file. */
async function initLayer(): Promise<Buffer> {
  const archive = new CpioArchive()
  for (const name of skeleton.directories) archive.directory(name)
  for (const name of skeleton.sharedDirectories) archive.directory(name, 0o1777)
  for (const [name, target] of Object.entries(skeleton.links)) archive.symlink(name, target)
  archive.file('init', await readFile(path.join(guestImageSources, 'init.sh')), 0o755)
  for (const name of await overlayFiles()) {
    const file = path.join(guestImageSources, 'overlay', name)
    const executable = ((await stat(file)).mode & 0o100) !== 0
    archive.file(name, await readFile(file), executable ? 0o755 : 0o644)
  }
  return archive.bytes()
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')
