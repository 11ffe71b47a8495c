/**
 * Reader of ar archives, the outer format of Debian packages (deb(5)). No dependency of this project reads ar or tar,
 * and the image is built where neither dpkg nor a given ar can be relied on; a package uses only the plain short-name
 * form, so a reader is a few lines.
 */

interface ArMember {
  name: string
  data: Buffer
}

const magic = '!<arch>\n'
const headerLength = 60

/** @throws Error when the bytes are no ar archive, or a member reaches past the end. */
export function readAr(archive: Buffer): ArMember[] {
  if (archive.toString('latin1', 0, magic.length) !== magic)
    throw new Error('not an ar archive: it does not start with "!<arch>"')
  const members: ArMember[] = []
  let offset = magic.length
  while (offset < archive.length) {
    const header = archive.toString('latin1', offset, offset + headerLength)
    const sizeText = header.slice(48, 58).trim()
    if (header.length < headerLength || !header.endsWith('`\n') || !/^\d+$/.test(sizeText))
      throw new Error(`damaged ar archive: no member header at byte ${offset}`)
    const size = Number(sizeText)
    const start = offset + headerLength
    const name = header.slice(0, 16).trim().replace(/\/$/, '')
    if (start + size > archive.length)
      throw new Error(
        `damaged ar archive: member "${name}" of ${size} bytes reaches past the end at byte ${archive.length}`,
      )
    members.push({ name, data: archive.subarray(start, start + size) })
    // Members start at even offsets.
    offset = start + size + (size % 2)
  }
  return members
}
