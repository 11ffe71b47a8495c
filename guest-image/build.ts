/** `npm run guest:build`: builds the image of the real guests into the cache. */
import { parseArgs } from 'node:util'
import { buildGuestImage } from './build-image.ts'

const help = `Builds the image that real guests boot, from the Debian packages in guest-image/packages.lock.json.

Usage: npm run guest:build -- [options]

  --mirror URL    download from this Debian mirror instead of through apt; repeatable, tried in order
                  (the security archive is a mirror root of its own)
  --update-lock   take the versions that apt offers now, and write them to the lock file
  --force         build again even when the image is there
  --help          show this text

The image goes to $KUBEVIRT_ACCEPTANCE_CACHE, else ~/.cache/kubevirt-acceptance. Needs xz, and apt-get or --mirror.
`

const write = (line: string): void => void process.stdout.write(`${line}\n`)

try {
  const { values } = parseArgs({
    options: {
      mirror: { type: 'string', multiple: true, default: [] },
      'update-lock': { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) process.stdout.write(help)
  else {
    const started = performance.now()
    const { 'update-lock': updateLock, mirror: mirrors, force } = values
    const image = await buildGuestImage({ mirrors, updateLock, force, log: write })
    for (const [name, { size, sha256 }] of Object.entries(image.layers))
      write(`${name.padEnd(8)} ${(size / 1e6).toFixed(1).padStart(5)} MB  sha256 ${sha256}`)
    write(
      `guest image (kernel ${image.kernelRelease}) in ${image.directory}, ${((performance.now() - started) / 1e3).toFixed(1)} s`,
    )
  }
} catch (error) {
  process.stderr.write(`guest image: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
