/** The name that was probably meant, or undefined when none is near enough: at most a third of the letters differ. */
export function closestName(given: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let smallest = Infinity
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase())
    if (distance < smallest) [best, smallest] = [name, distance]
  }
  return best !== undefined && smallest <= Math.max(1, Math.ceil(Math.max(given.length, best.length) / 3))
    ? best
    : undefined
}

/** Levenshtein distance: letters inserted, removed or exchanged. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [row, letter] of from.split('').entries()) {
    const current = [row + 1]
    for (const [column, other] of to.split('').entries())
      current.push(
        Math.min(
          (current[column] ?? 0) + 1,
          (previous[column + 1] ?? 0) + 1,
          (previous[column] ?? 0) + (letter === other ? 0 : 1),
        ),
      )
    previous = current
  }
  return previous.at(-1) ?? 0
}
