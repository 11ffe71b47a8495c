/** Counters of a traffic generator that counts since it started: what they had when they were cleared is taken off. */
import { type GeneratorPort, generatorPorts, type PortCounters } from './traffic-generator.ts'

export interface PortReading {
  counters: PortCounters
  /** What they were read from. */
  rawOutput: string
}

export class ClearedCounters {
  readonly #read: (port: GeneratorPort) => Promise<PortReading>
  #whenCleared: Record<GeneratorPort, PortCounters> | undefined

  constructor(read: (port: GeneratorPort) => Promise<PortReading>) {
    this.#read = read
  }

  /** What the generator itself had counted when `clear()` was called. */
  get whenCleared(): Record<GeneratorPort, PortCounters> | undefined {
    return this.#whenCleared
  }

  async clear(): Promise<void> {
    this.#whenCleared = { 0: (await this.#read(0)).counters, 1: (await this.#read(1)).counters }
  }

  /** @throws Error before `clear()`, RangeError when a counter went backwards */
  async read(): Promise<{ ports: Record<GeneratorPort, PortCounters>; outputs: string[] }> {
    const before = this.#whenCleared
    if (!before) throw new Error('the counters of the traffic generator were read before they were cleared')
    const outputs: string[] = []
    const ports = { ...before }
    for (const port of generatorPorts) {
      const { counters, rawOutput } = await this.#read(port)
      ports[port] = difference(counters, before[port])
      outputs.push(rawOutput)
    }
    return { ports, outputs }
  }
}

/** @throws RangeError when a counter went backwards: the server was started again in between */
export function difference(now: PortCounters, before: PortCounters): PortCounters {
  const since = (name: keyof PortCounters) => {
    const value = now[name] - before[name]
    if (value < 0)
      throw new RangeError(
        `the counter ${name} of the traffic generator went back from ${before[name]} to ${now[name]}; it was restarted in the middle of the measurement`,
      )
    return value
  }
  return {
    opackets: since('opackets'),
    ipackets: since('ipackets'),
    oerrors: since('oerrors'),
    ierrors: since('ierrors'),
    obytes: since('obytes'),
    ibytes: since('ibytes'),
  }
}
