/** All files of the unpacked packages as one tree, with the package each came from. */
import path from 'node:path'
import { isElf, neededLibraries } from './elf.ts'
import type { TarEntry } from './tar.ts'

export interface PackageFile {
  path: string
  packageName: string
  mode: number
  data: Buffer
}

const libraryFolders = ['usr/lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/ceph', 'usr/lib64', 'usr/lib']
const programFolders = ['usr/bin', 'usr/sbin', 'usr/lib/openssh']

export class PackageFiles {
  readonly #entries = new Map<string, TarEntry & { packageName: string }>()
  /** Names of the packages that at least one file was taken from. */
  readonly used = new Set<string>()

  add(packageName: string, entries: Iterable<TarEntry>): void {
    for (const entry of entries)
      if (entry.type === 'file' || entry.type === 'symlink' || entry.type === 'hardlink')
        this.#entries.set(mergedUsr(entry.path), { ...entry, packageName })
  }

  paths(): string[] {
    return [...this.#entries.keys()]
  }

  /** The file at `name`, links followed; undefined when there is none. */
  find(name: string): PackageFile | undefined {
    let current = mergedUsr(name)
    for (let links = 0; links < 10; links++) {
      const entry = this.#entries.get(current)
      if (!entry) return undefined
      if (entry.type === 'file') {
        this.used.add(entry.packageName)
        return { path: current, packageName: entry.packageName, mode: entry.mode, data: entry.data }
      }
      const target = entry.link.startsWith('/')
        ? entry.link.slice(1)
        : entry.type === 'hardlink'
          ? entry.link
          : path.posix.join(path.posix.dirname(current), entry.link)
      current = mergedUsr(path.posix.normalize(target))
    }
    throw new Error(`${name} is a link to itself`)
  }

  /** @throws Error when no package has the program */
  program(name: string): PackageFile {
    return this.#first(programFolders, name) ?? missing(`program "${name}"`)
  }

  /** @throws Error when no package has the library */
  library(name: string, neededBy: string): PackageFile {
    return this.#first(libraryFolders, name) ?? missing(`library "${name}", needed by ${neededBy},`)
  }

  /** The files that the package has below the folder. @throws Error when there are none */
  folder(packageName: string, folder: string): PackageFile[] {
    const found = [...this.#entries].flatMap(([name, entry]) => {
      const inside = entry.packageName === packageName && name.startsWith(`${folder}/`)
      const file = inside ? this.find(name) : undefined
      return file ? [{ ...file, path: name }] : []
    })
    return found.length > 0 ? found : missing(`folder "${folder}" of package ${packageName}`)
  }

  /** Every library that the files load, directly or through other libraries, by the name they ask for. */
  libraryClosure(files: PackageFile[]): Map<string, PackageFile> {
    const found = new Map<string, PackageFile>()
    const open = files.filter((file) => isElf(file.data))
    for (let file = open.pop(); file; file = open.pop())
      for (const name of neededLibraries(file.data))
        if (!found.has(name)) {
          const library = this.library(name, file.path)
          found.set(name, library)
          open.push(library)
        }
    return found
  }

  #first(folders: string[], name: string): PackageFile | undefined {
    for (const folder of folders) {
      const file = this.find(`${folder}/${name}`)
      if (file) return file
    }
    return undefined
  }
}

// Debian 12 packages still ship files in /bin and /lib, which are links into /usr on every installed system.
const mergedUsr = (name: string): string => (/^(bin|sbin|lib|lib64)(\/|$)/.test(name) ? `usr/${name}` : name)

function missing(what: string): never {
  throw new Error(`${what} is in none of the packages: correct guest-image/image-definition.ts`)
}
