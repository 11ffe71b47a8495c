/** The files of a Debian binary package, without dpkg and without root. */
import { spawn } from 'node:child_process'
import { buffer } from 'node:stream/consumers'
import { readAr } from './ar.ts'
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

async function filter([program = '', ...options]: string[], input: Buffer): Promise<Buffer> {
  const child = spawn(program, options, { stdio: ['pipe', 'pipe', 'pipe'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new Error(
          `cannot run ${program}, which unpacks Debian packages: install it, e.g. apt-get install ${program}-utils`,
          { cause: error },
        ),
      ),
    )
    child.once('close', resolve)
  })
  // A decompressor that gives up early closes its input; its exit code and standard error tell why.
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(input)
  const [code, output, errors] = await Promise.all([exit, buffer(child.stdout), buffer(child.stderr)])
  if (code !== 0) throw new Error(`${program} failed with exit code ${code}: ${errors.toString().trim()}`)
  return output
}
