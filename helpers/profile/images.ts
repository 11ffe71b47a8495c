import type { ProfileImages } from './profile-schema.ts'

/** The image to use for `image` under a profile: replaced as a whole, or fetched from the profile's registry. */
export function resolveImage(image: string, { registry, replace }: ProfileImages): string {
  // A record has what every object has, such as `toString`.
  const replacement = Object.hasOwn(replace, image) ? replace[image] : undefined
  if (replacement !== undefined) return replacement
  if (registry === undefined) return image
  const [host = '', ...rest] = image.split('/')
  // The container convention: a first part with a dot or port, or localhost, is a host; anything else is Docker Hub.
  const hasHost = rest.length > 0 && (/[.:]/.test(host) || host === 'localhost')
  return `${registry}/${hasHost ? rest.join('/') : image}`
}

export const hasDigest = (image: string): boolean => /@sha256:[0-9a-f]{64}$/.test(image)
