/** Commands of TRex's console, and what it answers to those that do something. */
import { formatPacketRate } from './packet-rate.ts'
import { outputLines, ToolOutputError, type OutputLine } from './tool-output.ts'
import { wholeNumbersOf } from './whole-number.ts'

const whole = wholeNumbersOf('TRex')

export interface TrexStart {
  /** Python file with the streams, in the guest. */
  profileFile: string
  /** All streams of the profile together, whose rates are scaled. */
  packetsPerSecond: number
  port: number
  durationSeconds: number
  /** Arguments of the profile. */
  tunables?: Readonly<Record<string, string | number>>
}

/** Lines for the console, without the shell around. */
export const trexConsole = {
  /** Answered as soon as the daemon runs: `isTrexReady`. */
  help: 'help',
  /**
   * Forgets the statistics of this console only. The server counts on: what it answers to `portStatistics` of another
   * console is since the daemon started, so take the difference to what it answered before the traffic.
   */
  clear: 'clear',
  /** Ends traffic on all ports that this console has acquired; none running is fine. */
  stop: 'stop',
  /** With everything that goes to the server and back: `parseTrexGlobalStatistics`. */
  globalStatistics: 'verbose on;stats -g',
  /** As above: `parseTrexLatency`. */
  latencyStatistics: 'verbose on;stats -l',
  /** As above: `parseTrexPortStatistics`. */
  portStatistics: (port: number): string => `verbose on;stats --port ${whole('port', port, 0)} -p`,
  /** @throws RangeError for what the console would refuse or misread */
  start({ profileFile, packetsPerSecond, port, durationSeconds, tunables = {} }: TrexStart): string {
    // The console splits its line at blanks, and knows no quotes.
    if (!/^\/[\w./-]+$/.test(profileFile))
      throw new RangeError(
        `invalid TRex profile ${JSON.stringify(profileFile)}: expected an absolute path without blanks`,
      )
    const words = ['start', '-f', profileFile, '-m', `${formatPacketRate(packetsPerSecond)}pps`]
    words.push('-p', whole('port', port, 0), '-d', whole('durationSeconds', durationSeconds, 1))
    const pairs = Object.entries(tunables).map(([name, value]) => `${name}=${value}`)
    for (const pair of pairs)
      if (!/^\w+=[\w.:-]+$/.test(pair)) throw new RangeError(`invalid TRex tunable ${JSON.stringify(pair)}`)
    if (pairs.length > 0) words.push('-t', pairs.join(','))
    return words.join(' ')
  },
}

/**
 * The shell command that has a console of its own say `line` to the daemon.
 * @param quiet without the steps of connecting; `confirmTrexCommand` needs them
 * @throws RangeError for a line that the shell would change
 */
export function trexShellCommand(line: string, quiet = false, folder = '/opt/trex'): string {
  for (const text of [line, folder])
    if (!/^[\w ;:.,=%+/@-]+$/.test(text))
      throw new RangeError(
        `invalid line for the TRex console: ${JSON.stringify(text)} has characters that a shell changes`,
      )
  return `cd ${folder} && echo "${line}" | ./trex-console${quiet ? ' -q' : ''}`
}

/** @param output of the console when it was asked for `help` */
export const isTrexReady = (output: string): boolean =>
  outputLines(output).some(({ text }) => /^(?:trex>)?\s*Console Commands/.test(text))

const step = /^(?:trex>\s*)*(\S.*?)\s*\[(SUCCESS|FAILED)\]$/
const aside = /^(?:trex>.*|\d+(?:\.\d+)? \[(?:ms|sec)\]|\*\*\* Warning .*)$/
/** What the console writes when it does not get as far as a step. */
const complaint = /^(?:trex>\s*)*((?:\w+: )?error: .*|Unknown command.*|\*\*\* (?!Warning|Unknown syntax: EOF).*)$/

/**
 * Why a step failed, as the console tells: `start - Port 0 : *** Expected L1 B/W: ... exceeds port line rate: ...`.
 * @returns null when no step failed
 */
export function findTrexFailure(output: string): (OutputLine & { step: string }) | null {
  const lines = outputLines(output)
  const failed = lines.findIndex(({ text }) => step.exec(text)?.[2] === 'FAILED')
  const line = lines[failed]
  if (line === undefined) return null
  const name = `${step.exec(line.text)?.[1]}`.replace(/:$/, '').trim()
  for (const next of lines.slice(failed + 1)) {
    if (step.test(next.text) || next.text.startsWith('trex>')) break
    if (!aside.test(next.text)) return { ...next, step: name }
  }
  return { ...line, step: name }
}

const confirmations = {
  start: /^Starting traffic on port/,
  clear: /^Clearing stats/,
  stop: /^Stopping traffic on port/,
} as const

/**
 * @param output of a console that was not quiet
 * @throws ToolOutputError unless the console says that it did it; refused, with the reason that TRex gives, when a step
 * failed
 */
export function confirmTrexCommand(command: keyof typeof confirmations, output: string): void {
  const failure = findTrexFailure(output)
  if (failure) throw new ToolOutputError('trex-console', 'refused', `TRex failed at "${failure.step}"`, failure)
  const lines = outputLines(output)
  if (lines.some(({ text }) => confirmations[command].test(step.exec(text)?.[1] ?? ''))) return
  if (command === 'stop' && lines.some(({ text }) => /^(?:trex>\s*)*no active (?:ports|traffic on ports)/.test(text)))
    return
  const complained = lines.find(({ text }) => complaint.test(text))
  if (complained) throw new ToolOutputError('trex-console', 'refused', `it does not know what to do`, complained)
  throw new ToolOutputError(
    'trex-console',
    'missing',
    `nothing says that ${command} succeeded; the last it says is`,
    lines.at(-1) ?? null,
  )
}
