/** What a guest says of its kernel and its tuning. */
import type { Clock } from '../../helpers/clock/clock.ts'
import type { Guest } from '../../helpers/guest/guest.ts'
import { runPatiently } from '../../helpers/guest/guest-retries.ts'
import { parseCpuList } from '../../helpers/tools/cpu-list.ts'
import { parseKernelCommandLine } from '../../helpers/tools/kernel-command-line.ts'
import { parseTunedActive } from '../../helpers/tools/tuned.ts'
import type { GuestFacts } from './findings.ts'

const files = {
  commandLine: '/proc/cmdline',
  realtime: '/sys/kernel/realtime',
  isolated: '/sys/devices/system/cpu/isolated',
  nohzFull: '/sys/devices/system/cpu/nohz_full',
  swaps: '/proc/swaps',
} as const
const kernelVersion = 'uname -rv'
const activeProfile = 'tuned-adm active'

/** For a guest that does not answer, or whose console has dropped; each file is there at once otherwise. */
const timeoutMilliseconds = 30_000
const patienceMilliseconds = 2 * 60_000

/** What the shell answers for a program that is not installed. */
const notFound = 127

export interface FactsOptions {
  clock: Clock
  signal: AbortSignal
  keepRawOutput: (name: string, content: string) => Promise<string>
}

/**
 * Asks the guest, and keeps all that it answers as one raw output.
 * @throws Error naming the file or command with an answer that cannot be read; GuestError
 */
export async function readGuestFacts(
  guest: Guest,
  { clock, signal, keepRawOutput }: FactsOptions,
): Promise<GuestFacts> {
  const answers: string[] = []
  const ask = async (command: string) => {
    const { stdout, exitCode } = await runPatiently(guest, command, {
      clock,
      signal,
      timeoutMilliseconds,
      patienceMilliseconds,
    })
    answers.push(`$ ${command}\n${stdout.trimEnd()}\n${exitCode === 0 ? '' : `(exit code ${exitCode})\n`}`)
    return { text: stdout.trim(), exitCode }
  }
  const required = async (command: string) => {
    const { text, exitCode } = await ask(command)
    if (exitCode !== 0) throw new Error(`${guest.vmi}: ${command} ended with exit code ${exitCode}: ${quote(text)}`)
    return text
  }
  /** null: the kernel has no such file. */
  const optional = async (file: string) => {
    const { text, exitCode } = await ask(`cat ${file}`)
    return exitCode === 0 ? text : null
  }
  try {
    const kernel = await required(kernelVersion)
    const parameters = parseKernelCommandLine(await required(`cat ${files.commandLine}`))
    const realtime = await optional(files.realtime)
    const isolated = await optional(files.isolated)
    const nohzFull = await optional(files.nohzFull)
    const swaps = await required(`cat ${files.swaps}`)
    const tuned = await ask(activeProfile)
    const facts = {
      kernel,
      isRealtimeKernel: /\bPREEMPT[_ ]RT\b/.test(kernel) && realtime !== '0',
      isolatedCpus: both(parameters.isolcpus, isolated, files.isolated),
      nohzFullCpus: both(parameters.nohzFull, nohzFull, files.nohzFull),
      rcuNocbsCpus: parameters.rcuNocbs,
      tunedProfile: tuned.exitCode === notFound ? null : parseTunedActive(tuned.text),
      swapAreas: swapAreas(swaps),
    }
    return { ...facts, rawOutput: await keep() }
  } catch (error) {
    await keep()
    throw error
  }

  function keep() {
    return keepRawOutput('guest.txt', answers.join('\n'))
  }
}

/** What was asked for at boot and, where the kernel tells it, what came of it. */
function both(asked: readonly number[], listed: string | null, file: string): number[] {
  if (listed === null) return [...asked]
  // Kernels that were not asked for it print a null pointer.
  const cpus = listed === '(null)' ? [] : readCpuList(listed, file)
  return asked.filter((cpu) => cpus.includes(cpu))
}

function readCpuList(text: string, file: string): number[] {
  try {
    return parseCpuList(text)
  } catch (error) {
    throw new Error(`${file} holds ${quote(text)}, which is no list of CPUs`, { cause: error })
  }
}

function swapAreas(text: string): number {
  const [header = '', ...areas] = text.split('\n')
  if (!/^Filename\s+Type\s+Size\s+Used\s+Priority/.test(header))
    throw new Error(`${files.swaps} begins with ${quote(header)}, and not with the titles of its columns`)
  return areas.filter((line) => line.trim() !== '').length
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 200))
