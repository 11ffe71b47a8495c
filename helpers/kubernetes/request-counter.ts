/** Counts requests to the API server by verb and resource, retries included: `create virtualmachineinstances` -> 2. */
export class RequestCounter {
  readonly #counts = new Map<string, number>()

  count(verb: string, resource: string): void {
    const key = `${verb} ${resource}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  get total(): number {
    let total = 0
    for (const count of this.#counts.values()) total += count
    return total
  }

  /** In the order in which they were first made. */
  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }
}
