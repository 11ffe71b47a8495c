import { hasDigest, resolveImage } from '../helpers/profile/images.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { textTable } from '../reports/progress/text-table.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { packageVersion } from './package-version.ts'
import { openProfile, profileOption, projectOption, selectCheckups } from './profile-choice.ts'

export const images = defineCommand({
  name: 'images',
  synopsis: '[--profile PROFILE] [--project CHECKUP]... [--json]',
  description: [
    'Lists every container image that a run with this profile needs on the cluster, after images.registry and images.replace of the profile: what a disconnected cluster has to mirror. The image of this package is needed by the Jobs of "manifests" only.',
  ],
  options: { ...profileOption, ...projectOption },
  exitCodes: { 0: 'listed', 2: 'usage or profile' },
  examples: [
    'npx kubevirt-acceptance images --profile my-cluster',
    "npx kubevirt-acceptance images --json | jq -r '.images[].image'",
  ],
  run({ options, output }) {
    const profile = openProfile(options.profile, output)
    const needed = neededImages(profile, selectCheckups(profile, options.project))
    output.print(
      ...textTable(
        [{ title: 'image' }, { title: 'needed by' }],
        needed.map(({ image, neededBy }) => [image, neededBy.join(', ')]),
      ),
    )
    output.document({ profile: profile.name, registry: profile.images.registry ?? null, images: needed })
    return Promise.resolve(exitCodes.ok)
  },
})

interface NeededImage {
  image: string
  pinned: boolean
  /** `checkup parameter` */
  neededBy: string[]
}

/** Each image once, in the order in which the cases need them. */
function neededImages(profile: LoadedProfile, selected: readonly string[]): NeededImage[] {
  const uses = profile.checkups
    .filter(({ name }) => selected.includes(name))
    .flatMap(({ name, cases }) => {
      const { imageParameters = [] } = checkups.find((contract) => contract.name === name) ?? {}
      return cases.flatMap(({ parameters }) =>
        imageParameters.flatMap((key) => {
          const image = parameters[key]
          return typeof image === 'string' ? [{ image, neededBy: `${name} ${key}` }] : []
        }),
      )
    })
  uses.push({ image: resolveImage(`kubevirt-acceptance:${packageVersion()}`, profile.images), neededBy: 'manifests' })
  return [...Map.groupBy(uses, ({ image }) => image)].map(([image, all]) => ({
    image,
    pinned: hasDigest(image),
    neededBy: [...new Set(all.map(({ neededBy }) => neededBy))],
  }))
}
