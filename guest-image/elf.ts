/** What the image build needs to know of ELF files: the libraries a program loads and the modules a module needs. */

interface Section {
  name: string
  type: number
  /** Index of the section that holds the names this one refers to. */
  link: number
  data: Buffer
}

const sectionTypeDynamic = 6
const sectionTypeNoBits = 8
const tagNeeded = 1n

export const isElf = (file: Buffer): boolean => file.length >= 64 && file.readUInt32BE(0) === 0x7f_45_4c_46

/** DT_NEEDED entries, in file order; [] for a static program or anything that is not ELF. @throws Error when damaged */
export function neededLibraries(file: Buffer): string[] {
  if (!isElf(file)) return []
  const sections = readSections(file)
  const dynamic = sections.find((section) => section.type === sectionTypeDynamic)
  const names = dynamic && sections[dynamic.link]
  if (!dynamic || !names) return []
  const libraries: string[] = []
  for (let offset = 0; offset + 16 <= dynamic.data.length; offset += 16)
    if (dynamic.data.readBigUInt64LE(offset) === tagNeeded)
      libraries.push(readName(names.data, Number(dynamic.data.readBigUInt64LE(offset + 8))))
  return libraries
}

/** Names in `depends=` of a kernel module's .modinfo, with `_` for `-` as the kernel does. @throws Error when not a module */
export function moduleDependencies(file: Buffer): string[] {
  const information = isElf(file) ? readSections(file).find((section) => section.name === '.modinfo') : undefined
  if (!information) throw new Error('not a kernel module: no .modinfo section')
  const depends = information.data
    .toString('latin1')
    .split('\0')
    .find((field) => field.startsWith('depends='))
  return (depends ?? '')
    .slice('depends='.length)
    .split(',')
    .filter((name) => name !== '')
    .map((name) => moduleName(name))
}

/** The kernel treats `-` and `_` in module names as the same. */
export const moduleName = (name: string): string => name.replaceAll('-', '_')

function readSections(file: Buffer): Section[] {
  if (file[4] !== 2 || file[5] !== 1) throw new Error('not a 64-bit little-endian ELF file')
  const tableOffset = Number(file.readBigUInt64LE(40))
  const entrySize = file.readUInt16LE(58)
  const count = file.readUInt16LE(60)
  const namesIndex = file.readUInt16LE(62)
  if (tableOffset + count * entrySize > file.length)
    throw new Error(`damaged ELF file: its ${count} section headers at byte ${tableOffset} reach past the end`)
  const headers = Array.from({ length: count }, (_, index) => {
    const start = tableOffset + index * entrySize
    const type = file.readUInt32LE(start + 4)
    const offset = Number(file.readBigUInt64LE(start + 24))
    const size = type === sectionTypeNoBits ? 0 : Number(file.readBigUInt64LE(start + 32))
    return {
      nameOffset: file.readUInt32LE(start),
      type,
      link: file.readUInt32LE(start + 40),
      data: file.subarray(offset, offset + size),
    }
  })
  const names = headers[namesIndex]?.data ?? Buffer.alloc(0)
  return headers.map(({ nameOffset, type, link, data }) => ({ name: readName(names, nameOffset), type, link, data }))
}

function readName(names: Buffer, offset: number): string {
  const end = names.indexOf(0, offset)
  return names.toString('latin1', offset, end < 0 ? names.length : end)
}
