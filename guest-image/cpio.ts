/**
 * Writer of cpio archives in the "newc" form that Linux unpacks as initramfs (Documentation/driver-api/early-userspace).
 * Archives can be concatenated: the kernel unpacks them one after the other. Equal input gives equal bytes: entries are
 * sorted, times and owners are 0.
 */
import path from 'node:path'

interface Entry {
  mode: number
  data: Buffer
}

const kindDirectory = 0o040000
const kindFile = 0o100000
const kindSymlink = 0o120000

export class CpioArchive {
  readonly #entries = new Map<string, Entry>()

  /** Number of files, links and directories. */
  get size(): number {
    return this.#entries.size
  }

  /** Adds a directory and those above it. */
  directory(name: string, permissions = 0o755): this {
    this.#parents(name)
    this.#entries.set(name, { mode: kindDirectory | permissions, data: Buffer.alloc(0) })
    return this
  }

  file(name: string, content: Buffer | string, permissions = 0o644): this {
    this.#parents(name)
    this.#entries.set(name, { mode: kindFile | (permissions & 0o7777), data: Buffer.from(content) })
    return this
  }

  symlink(name: string, target: string): this {
    this.#parents(name)
    this.#entries.set(name, { mode: kindSymlink | 0o777, data: Buffer.from(target) })
    return this
  }

  /** The archive, padded to 512 bytes so that another one can follow. */
  bytes(): Buffer {
    const parts: Buffer[] = []
    const names = [...this.#entries.keys()].sort(comparePaths)
    for (const [index, name] of names.entries()) {
      const entry = this.#entries.get(name)
      if (entry) parts.push(...member(name, index + 1, entry))
    }
    parts.push(...member('TRAILER!!!', 0, { mode: 0, data: Buffer.alloc(0) }))
    return pad(Buffer.concat(parts), 512)
  }

  #parents(name: string): void {
    if (name === '' || /^(\/|\.\.(\/|$))/.test(name) || path.posix.normalize(name) !== name)
      throw new Error(`cpio entry name must be relative and normalised, not ${JSON.stringify(name)}`)
    const parent = path.posix.dirname(name)
    if (parent !== '.' && !this.#entries.has(parent)) this.directory(parent)
  }
}

// Code unit order, so that the result does not depend on the locale; a parent sorts before what it contains.
const comparePaths = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

function member(name: string, inode: number, { mode, data }: Entry): Buffer[] {
  const nameBytes = Buffer.from(`${name}\0`)
  const links = 1
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, nameBytes.length, 0]
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
  return [pad(Buffer.concat([Buffer.from(header), nameBytes]), 4), pad(data, 4)]
}

function pad(bytes: Buffer, multiple: number): Buffer {
  const missing = (multiple - (bytes.length % multiple)) % multiple
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)])
}
