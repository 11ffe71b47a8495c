/** Composes the layers of the guest image from the files of the packages. */
import { CpioArchive } from './cpio.ts'
import { moduleDependencies, moduleName } from './elf.ts'
import type { ImageDefinition, KernelDefinition } from './image-definition.ts'
import { isoDisk } from './iso9660.ts'
import { kernelOf } from './linux-kernel.ts'
import type { PackageFile, PackageFiles } from './package-files.ts'

export interface ComposedImage {
  /** By layer: e.g. `kernel` is 6.1.0-56-cloud-amd64 */
  kernelReleases: Record<string, string>
  /** Contents by layer name: ELF vmlinux for kernels, ISO 9660 disks, cpio archives. */
  layers: Map<string, Buffer>
}

/** @throws Error when a program, library, module or kernel is in none of the packages */
export async function composeImage(definition: ImageDefinition, files: PackageFiles): Promise<ComposedImage> {
  const layers = new Map<string, Buffer>()
  const kernelReleases: Record<string, string> = {}
  for (const each of definition.kernels) {
    const { release, bzImage } = findKernel(each.package, files)
    kernelReleases[each.layers.kernel] = release
    layers.set(each.layers.kernel, await kernelOf(bzImage))
    layers.set(each.layers.modules, composeModules(each, files, release))
  }
  for (const [name, content] of composePrograms(definition.layers, files)) layers.set(name, content)
  return { kernelReleases, layers }
}

/** @throws Error when the packages have no such kernel */
export function findKernel(packageName: string, files: PackageFiles): { release: string; bzImage: Buffer } {
  const prefix = 'boot/vmlinuz-'
  const suffix = packageName.replace(/^linux-image/, '')
  const path = files.paths().find((name) => name.startsWith(prefix) && name.endsWith(suffix))
  const kernel = path === undefined ? undefined : files.find(path)
  if (!kernel) throw new Error(`no kernel (${prefix}*${suffix}) in package ${packageName} or what it depends on`)
  return { release: kernel.path.slice(prefix.length), bzImage: kernel.data }
}

/** The layers of programs, by name. @throws Error when a program or library is in none of the packages */
export function composePrograms(definitions: ImageDefinition['layers'], files: PackageFiles): Map<string, Buffer> {
  const layers = new Map<string, Buffer>()
  let common = new Set<string>()
  for (const layer of definitions) {
    const programs = layer.programs.map((name) => ({ name, file: files.program(name) }))
    const opened = layer.libraries.map((name) => [name, files.library(name, `layer "${layer.name}"`)] as const)
    const libraries = files.libraryClosure([...programs.map(({ file }) => file), ...opened.map(([, file]) => file)])
    for (const [name, file] of opened) libraries.set(name, file)
    const own = [...libraries].filter(([name]) => !common.has(name)).map(([name, file]) => ({ name, file }))
    if (layers.size === 0) common = new Set(libraries.keys())
    layers.set(
      layer.name,
      layer.medium === 'disk'
        ? isoDisk(
            layer.name,
            [...programs, ...own].map(({ name, file }) => ({ name, data: file.data })),
          )
        : programArchive(layer, programs, own, files),
    )
  }
  return layers
}

interface NamedFile {
  name: string
  file: PackageFile
}

function programArchive(
  { folders = [], links = {} }: ImageDefinition['layers'][number],
  programs: NamedFile[],
  libraries: NamedFile[],
  files: PackageFiles,
): Buffer {
  const archive = new CpioArchive()
  for (const { name, file } of programs) archive.file(`usr/bin/${name}`, file.data, 0o755)
  for (const { name, file } of libraries) archive.file(libraryPath(name), file.data, 0o755)
  for (const { package: owner, path } of folders)
    for (const file of files.folder(owner, path)) archive.file(file.path, file.data, file.mode)
  for (const [name, target] of Object.entries(links)) archive.symlink(name, target)
  return archive.bytes()
}

// The program interpreter's path is written into every program.
const libraryPath = (name: string): string =>
  name.startsWith('ld-linux') ? `usr/lib64/${name}` : `usr/lib/x86_64-linux-gnu/${name}`

/** The modules, the order to load them in, and modules.dep for `modprobe`. @throws Error when the kernel lacks a module */
export function composeModules(
  { modulesAtBoot, modulesOnDemand }: Pick<KernelDefinition, 'modulesAtBoot' | 'modulesOnDemand'>,
  files: PackageFiles,
  kernelRelease: string,
): Buffer {
  const folder = `usr/lib/modules/${kernelRelease}`
  const paths = new Map(
    files
      .paths()
      .filter((name) => name.startsWith(`${folder}/`) && name.endsWith('.ko'))
      .map((name) => [moduleName(name.slice(name.lastIndexOf('/') + 1, -'.ko'.length)), name]),
  )
  const load = (name: string): PackageFile => {
    const file = files.find(paths.get(name) ?? '')
    if (!file) throw new Error(`kernel ${kernelRelease} has no module "${name}" (it may be built in)`)
    return file
  }
  const archive = new CpioArchive()
  const dependencies = new Map<string, string[]>()
  /** The modules that `name` needs and then itself, each after what it needs. */
  const ordered = (name: string): string[] => {
    const known = dependencies.get(name)
    if (known) return [...known, name]
    const file = load(name)
    const needed = [...new Set(moduleDependencies(file.data).flatMap(ordered))]
    dependencies.set(name, needed)
    archive.file(`${folder}/${name}.ko`, file.data)
    return [...needed, name]
  }
  const atBoot = [...new Set(modulesAtBoot.flatMap((name) => ordered(moduleName(name))))]
  for (const name of modulesOnDemand) ordered(moduleName(name))
  archive.file(`${folder}/load-at-boot`, atBoot.map((name) => `${folder}/${name}.ko\n`).join(''))
  archive.file(
    `${folder}/modules.dep`,
    [...dependencies]
      .map(([name, needed]) => `${[`${name}.ko:`, ...[...needed].reverse().map((other) => `${other}.ko`)].join(' ')}\n`)
      .sort()
      .join(''),
  )
  return archive.bytes()
}
