import { parseCpuList } from './cpu-list.ts'
import { outputLines, ToolOutputError } from './tool-output.ts'

interface KernelParameter {
  /** As it is written, e.g. `rcu_nocbs`. */
  name: string
  /** Without quotation marks; null for a name alone. */
  value: string | null
}

/** What the kernel of a Linux machine was started with, as far as it concerns real time. Lists are empty without them. */
export interface KernelCommandLine {
  /** All, in order, without what is meant for init. */
  parameters: KernelParameter[]
  /** CPUs that the scheduler leaves alone. */
  isolcpus: number[]
  /** E.g. `managed_irq` and `domain`; `domain` alone when none is given. */
  isolcpusFlags: string[]
  /** CPUs without a periodic tick. */
  nohzFull: number[]
  /** CPUs whose RCU callbacks others run. Those of `nohzFull` are among them, as the kernel makes it so. */
  rcuNocbs: number[]
  /** E.g. `1G`. */
  defaultHugepageSize: string | null
}

const isolationFlags = new Set(['nohz', 'domain', 'managed_irq'])

/**
 * Reads /proc/cmdline as the kernel does: dashes and underscores in names are the same, quotation marks keep blanks
 * together, and what follows `--` belongs to init.
 * @param cpuCount of the machine, for lists that say `all` or `N`
 * @throws ToolOutputError when it is empty or a list of CPUs cannot be read
 */
export function parseKernelCommandLine(text: string, cpuCount?: number): KernelCommandLine {
  const lines = outputLines(text)
  const [line] = lines
  if (line === undefined) throw new ToolOutputError('/proc/cmdline', 'missing', 'it is empty', null)
  if (lines.length > 1)
    throw new ToolOutputError('/proc/cmdline', 'unreadable', 'it has more than one line', lines[1] ?? null)
  const parameters = words(line.text)
  const values = (name: string) => parameters.filter((each) => each.name.replaceAll('-', '_') === name)
  const list = (name: string, cpus: string) => {
    try {
      return parseCpuList(cpus, cpuCount)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new ToolOutputError('/proc/cmdline', 'unreadable', `${name}: ${why}`, line)
    }
  }
  const lists = (name: string) => union(values(name).map(({ value }) => list(name, value ?? '')))
  const isolated = values('isolcpus').map(({ value }) => {
    const parts = (value ?? '').split(',')
    const start = parts.findIndex((part) => !isolationFlags.has(part))
    const flags = start < 0 ? parts : parts.slice(0, start)
    return {
      flags: flags.length === 0 ? ['domain'] : flags,
      cpus: list('isolcpus', start < 0 ? '' : parts.slice(start).join(',')),
    }
  })
  const nohzFull = lists('nohz_full')
  return {
    parameters,
    isolcpus: union(isolated.filter(({ flags }) => flags.includes('domain')).map(({ cpus }) => cpus)),
    isolcpusFlags: [...new Set(isolated.flatMap(({ flags }) => flags))],
    nohzFull,
    rcuNocbs: union([lists('rcu_nocbs'), nohzFull]),
    defaultHugepageSize: values('default_hugepagesz').at(-1)?.value ?? null,
  }
}

const union = (lists: readonly number[][]): number[] => [...new Set(lists.flat())].sort((one, other) => one - other)

/** A quotation mark begins or ends a stretch where blanks count, as in the kernel's next_arg(). */
function words(line: string): KernelParameter[] {
  const found: KernelParameter[] = []
  for (const [word] of line.matchAll(/(?:"[^"]*(?:"|$)|[^\s"])+/g)) {
    if (word === '--') break
    const [, whole = ''] = /^"(.*?)"?$/.exec(word) ?? [undefined, word]
    const equals = whole.indexOf('=')
    const value = equals < 0 ? null : whole.slice(equals + 1).replace(/^"(.*?)"?$/, '$1')
    found.push({ name: equals < 0 ? whole : whole.slice(0, equals), value })
  }
  return found
}
