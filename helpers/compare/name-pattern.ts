/**
 * Whether a name matches a pattern: `*` stands for anything but a slash, `**` for anything at all, `?` for one character.
 * Everything else stands for itself.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  const expression = pattern.replaceAll(/\*\*|\*|\?|[.+^${}()|[\]\\]/g, (part) =>
    part === '**' ? '.*' : part === '*' ? '[^/]*' : part === '?' ? '[^/]' : `\\${part}`,
  )
  return new RegExp(`^${expression}$`, 'su').test(name)
}
