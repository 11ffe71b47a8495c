/** Fewer points that look the same. */

/** More points than this cannot be told apart; each bucket then shows its smallest and its largest observation. */
const maximumPoints = 1500

export interface Point {
  position: number
  value: number
}

export function thinned(points: readonly Point[]): Point[] {
  if (points.length <= maximumPoints) return [...points]
  const size = Math.ceil((points.length * 2) / maximumPoints)
  const kept: Point[] = []
  for (let start = 0; start < points.length; start += size) {
    const bucket = points.slice(start, start + size).toSorted((a, b) => a.value - b.value)
    const ends = [bucket.at(0), bucket.at(-1)].filter((point) => point !== undefined)
    kept.push(...ends.toSorted((a, b) => a.position - b.position))
  }
  return kept
}
