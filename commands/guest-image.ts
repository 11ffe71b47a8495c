import { buildGuestImage } from '../guest-image/build-image.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { OperationalError } from './operational-error.ts'

export const guestImage = defineCommand({
  name: 'guest-image',
  synopsis: '[--mirror URL]... [--update-lock] [--force] [--json]',
  description: [
    'Builds the image that the real guests of the embedded cluster boot ("guests: qemu" in a profile), from Debian packages with the checksums of a lock file, into $KUBEVIRT_ACCEPTANCE_CACHE, else ~/.cache/kubevirt-acceptance. Without root. It needs xz, and apt-get or --mirror.',
    'The packages are downloaded through apt as this machine has it configured, or from the given mirrors.',
  ],
  options: {
    mirror: {
      type: 'string',
      multiple: true,
      value: 'URL',
      description:
        'Debian mirror to download from instead of apt; tried in order. The security archive is one of its own.',
    },
    'update-lock': {
      type: 'boolean',
      description:
        'Take the versions that apt offers now and write them to the lock file (in a checkout of the project).',
    },
    force: { type: 'boolean', description: 'Build again even when the image is there.' },
  },
  exitCodes: { 0: 'the image is there', 2: 'wrong usage', 6: 'the image could not be built' },
  examples: ['npx kubevirt-acceptance guest-image'],
  async run({ options, output }) {
    const startedAt = performance.now()
    const image = await buildGuestImage({
      mirrors: options.mirror,
      updateLock: options['update-lock'],
      force: options.force,
      log: (line) => output.note(line),
    }).catch((error: unknown) => {
      throw error instanceof Error ? new OperationalError(`guest image: ${error.message}`, { cause: error }) : error
    })
    const seconds = ((performance.now() - startedAt) / 1e3).toFixed(1)
    output.print(
      ...Object.entries(image.layers).map(
        ([name, { size, sha256 }]) => `${name.padEnd(16)} ${(size / 1e6).toFixed(1).padStart(5)} MB  sha256 ${sha256}`,
      ),
      `guest image (kernels ${Object.values(image.kernelReleases).join(' and ')}) in ${image.directory}, ${seconds} s`,
    )
    output.document(image)
    return exitCodes.ok
  },
})
