/** Lists of CPUs as the Linux kernel and its tools write them: `0-3,8,10-14:2/4`. */

/** More than any kernel is built for: a typing error, rather than a machine. */
const mostCpus = 8192

/**
 * A group `first-last:used/of` means the first `used` of every `of` CPUs. Order and repetitions do not matter.
 * @param cpuCount of the machine, for `all` and for `N`, the last CPU; without it they cannot be read
 * @returns sorted, each once; empty for an empty list
 * @throws RangeError
 */
export function parseCpuList(text: string, cpuCount?: number): number[] {
  const list = text.trim()
  const cpus = new Set<number>()
  if (list === '') return []
  for (const part of list.split(',')) {
    const invalid = (why: string) =>
      new RangeError(`invalid CPU list ${JSON.stringify(text)}: ${JSON.stringify(part)} ${why}`)
    const cpu = (word: string): number => {
      if (word !== 'N') return Number(word)
      if (cpuCount === undefined) throw invalid('stands for the last CPU of a machine whose size is not known')
      return cpuCount - 1
    }
    if (part === 'all') {
      if (cpuCount === undefined) throw invalid('stands for all CPUs of a machine whose size is not known')
      for (let each = 0; each < cpuCount; each += 1) cpus.add(each)
      continue
    }
    const match = /^(\d+|N)(?:-(\d+|N)(?::(\d+)\/(\d+))?)?$/.exec(part)
    if (match === null) throw invalid('is neither a CPU nor a range of CPUs')
    const [, from = '', to = from, usedText = '1', ofText = '1'] = match
    const [first, last, used, of] = [cpu(from), cpu(to), Number(usedText), Number(ofText)]
    if (last < first) throw invalid('ends before it begins')
    if (last >= mostCpus) throw invalid(`goes beyond CPU ${mostCpus - 1}`)
    if (used < 1 || of < 1 || used > of) throw invalid('takes no CPUs of each group, or more than the group has')
    for (let each = first; each <= last; each += 1) if ((each - first) % of < used) cpus.add(each)
  }
  return [...cpus].sort((one, other) => one - other)
}

/** As the kernel prints it: `2-7`, `0-3,8`. @throws RangeError for what is no CPU */
export function formatCpuList(cpus: readonly number[]): string {
  const sorted = [...new Set(cpus)].sort((one, other) => one - other)
  const ranges: [number, number][] = []
  for (const cpu of sorted) {
    if (!Number.isSafeInteger(cpu) || cpu < 0)
      throw new RangeError(`invalid CPU ${cpu}: expected a whole number from 0`)
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === cpu - 1) last[1] = cpu
    else ranges.push([cpu, cpu])
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',')
}
