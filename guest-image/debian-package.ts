/** The files of a Debian binary package, without dpkg and without root. */
import { readAr } from './ar.ts'
import { filter } from './filter.ts'
import { readTar, type TarEntry } from './tar.ts'

const decompressors: Record<string, string[]> = {
  'data.tar.xz': ['xz', '--decompress', '--stdout'],
  'data.tar.zst': ['zstd', '--decompress', '--stdout'],
  'data.tar.gz': ['gzip', '--decompress', '--stdout'],
}

/** @throws Error when the package is damaged or the program that decompresses it is missing. */
export async function readDebianPackage(packageFile: Buffer): Promise<TarEntry[]> {
  const data = readAr(packageFile).find((member) => member.name.startsWith('data.tar'))
  if (!data) throw new Error('not a Debian package: it has no data.tar member')
  const command = decompressors[data.name]
  if (!command && data.name !== 'data.tar') throw new Error(`cannot read ${data.name}: unknown compression`)
  return [...readTar(command ? await filter(command, data.data) : data.data)]
}
