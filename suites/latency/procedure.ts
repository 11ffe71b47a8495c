/** How a latency case is measured: one VM pings the other, over every asked direction and address family. */
import type { Guest } from '../../helpers/guest/guest.ts'
import { jitter } from '../../helpers/statistics/jitter.ts'
import { type Summary, summarize } from '../../helpers/statistics/summary.ts'
import { parsePing, PingParseError, type PingOutput } from '../../helpers/tools/ping.ts'
import { pingCommand } from '../../helpers/tools/ping-command.ts'
import { type PingPackets, pingPackets } from '../../helpers/tools/ping-packets.ts'
import type { LatencyParameters } from './contract.ts'
import { packetPlan } from './packet-plan.ts'

/** One end of the network under test. */
export interface Endpoint {
  guest: Guest
  /** status.nodeName of the VMI. */
  node: string
  addresses: Record<'IPv4' | 'IPv6', string>
}

/** One measured way through the network. */
export interface Path {
  /** `worker1 -> worker2`, with the address family where several are measured. */
  subject: string
  from: Endpoint
  to: Endpoint
  family: 'IPv4' | 'IPv6'
}

export interface PathMeasurement {
  subject: string
  /** Name of the kept output of ping. */
  rawOutput: string
  /** null: ping could not send at all; `unreachable` says why. */
  packets: PingPackets | null
  unreachable: string | null
  /** Round-trip times of the judged packets in nanoseconds. */
  summary: Summary
  jitterNanoseconds: number | null
  /** What ping took, in the cluster's time. */
  durationMilliseconds: number
  /** Why it may not be judged, one sentence each. */
  problems: string[]
}

/** Room for one more round trip, and for the console, before ping is given up. */
const commandMarginMilliseconds = 30_000
/** How long ping waits for replies after its last packet. */
const replyTimeoutSeconds = 5
/** A run that took less than this share of its plan was cut short. */
const leastShareOfDuration = 0.9

/** Every way that the parameters ask for, source to target first. */
export function paths(source: Endpoint, target: Endpoint, { bothDirections, ipFamilies }: LatencyParameters): Path[] {
  const directions = bothDirections
    ? [[source, target] as const, [target, source] as const]
    : [[source, target] as const]
  // Two VMs on one node would have the same subject in both directions.
  const name = (end: Endpoint) =>
    source.node === target.node ? `${end.node} (${end === source ? 'source' : 'target'})` : end.node
  return ipFamilies.flatMap((family) =>
    directions.map(([from, to]) => ({
      subject: `${name(from)} -> ${name(to)}${ipFamilies.length > 1 ? ` ${family}` : ''}`,
      from,
      to,
      family,
    })),
  )
}

/**
 * Pings along one path. The output is kept before it is read.
 * @throws GuestError when the guest does not answer; PingParseError when the output holds no measurement
 */
export async function measurePath(
  { subject, from, to, family }: Path,
  parameters: LatencyParameters,
  { signal, keepRawOutput }: { signal: AbortSignal; keepRawOutput: (name: string, content: string) => Promise<string> },
): Promise<PathMeasurement> {
  const plan = packetPlan(parameters)
  const command = pingCommand({
    family: parameters.pingFamily,
    destination: to.addresses[family],
    until: { count: plan.total },
    intervalMilliseconds: plan.intervalMilliseconds,
    replyTimeoutSeconds,
  })
  const timeoutMilliseconds = plan.durationMilliseconds + replyTimeoutSeconds * 1000 + commandMarginMilliseconds
  const result = await from.guest.run(command, { timeoutMilliseconds, signal })
  const rawOutput = await keepRawOutput(
    `ping ${subject.replaceAll(' -> ', ' to ')}.txt`,
    `$ ${command}\n${result.stdout}${result.stdout.endsWith('\n') ? '' : '\n'}exit code ${result.exitCode}\n`,
  )
  const read = readPing(result.stdout, result.exitCode)
  const packets = typeof read === 'string' ? null : pingPackets(read, plan.warmUp)
  const times = packets?.roundTripNanoseconds ?? []
  return {
    subject,
    rawOutput,
    packets,
    unreachable: typeof read === 'string' ? read : null,
    summary: summarize(times),
    jitterNanoseconds: jitter(times),
    durationMilliseconds: result.durationMilliseconds,
    problems: typeof read === 'string' ? [] : problemsOf(read, parameters, subject, result.durationMilliseconds),
  }
}

/** The measurement, or why nothing could be sent: that is a finding about the network, not a broken tool. */
function readPing(output: string, exitCode: number): PingOutput | string {
  try {
    return parsePing(output)
  } catch (error) {
    if (!(error instanceof PingParseError)) throw error
    if (error.problem === 'unreachable') return error.line
    throw new Error(`${error.message} (exit code ${exitCode})`, { cause: error })
  }
}

function problemsOf(
  output: PingOutput,
  parameters: LatencyParameters,
  subject: string,
  durationMilliseconds: number,
): string[] {
  const plan = packetPlan(parameters)
  const problems: string[] = []
  const { transmitted } = output.statistics
  if (transmitted !== plan.total)
    problems.push(
      `${subject}: ping sent ${transmitted} of ${plan.total} packets, so the sample is not the one that was asked for`,
    )
  const planned = (plan.total - 1) * plan.intervalMilliseconds
  if (durationMilliseconds < planned * leastShareOfDuration)
    problems.push(
      `${subject}: ping ended after ${Math.round(durationMilliseconds)} ms, but ${plan.total} packets every ${plan.intervalMilliseconds} ms take ${planned} ms: the clocks of guest and cluster disagree, or the interval was not kept`,
    )
  if (parameters.pingFamily !== 'auto' && output.family !== parameters.pingFamily)
    problems.push(`${subject}: pingFamily is ${parameters.pingFamily}, but the guest has ${output.family}`)
  return problems
}
