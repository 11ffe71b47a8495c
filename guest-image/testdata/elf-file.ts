interface ElfSection {
  name: string
  type: number
  /** Number of the section that this one refers to; sections count from 1. */
  link?: number
  data: Buffer
}

/** The smallest 64-bit ELF file with the given sections. */
export function elfFile(sections: ElfSection[]): Buffer {
  const all: ElfSection[] = [...sections, { name: '.shstrtab', type: 3, data: Buffer.alloc(0) }]
  const names = Buffer.from(`\0${all.map((each) => each.name).join('\0')}\0`)
  all[all.length - 1]!.data = names
  const header = Buffer.alloc(64)
  header.writeUInt32BE(0x7f_45_4c_46, 0)
  header[4] = 2
  header[5] = 1
  const table = Buffer.alloc(64 * (all.length + 1))
  let offset = header.length
  let nameOffset = 1
  for (const [index, each] of all.entries()) {
    const at = 64 * (index + 1)
    table.writeUInt32LE(nameOffset, at)
    table.writeUInt32LE(each.type, at + 4)
    table.writeBigUInt64LE(BigInt(offset), at + 24)
    table.writeBigUInt64LE(BigInt(each.data.length), at + 32)
    table.writeUInt32LE(each.link ?? 0, at + 40)
    offset += each.data.length
    nameOffset += each.name.length + 1
  }
  header.writeBigUInt64LE(BigInt(offset), 40)
  header.writeUInt16LE(64, 58)
  header.writeUInt16LE(all.length + 1, 60)
  header.writeUInt16LE(all.length, 62)
  return Buffer.concat([header, ...all.map((each) => each.data), table])
}
