import { isIPv4, isIPv6 } from 'node:net'
import { quote } from './shell-quote.ts'
import { wholeNumbersOf } from './whole-number.ts'

const whole = wholeNumbersOf('ping')

export interface PingOptions {
  /** `auto` uses only what both have. */
  family: 'auto' | 'busybox' | 'iputils'
  /** An IPv4 or IPv6 address; both programs choose the address family from it. */
  destination: string
  /**
   * How many packets to send, or for how long. Never both: iputils then sends until so many are *answered*. A count is
   * better: the last packets get their time to return, where a deadline counts them as lost.
   */
  until: { count: number } | { deadlineSeconds: number }
  /** Between two packets. Default: 1000. */
  intervalMilliseconds?: number
  /** How long to wait for an answer after the last packet; whole seconds for BusyBox. Default: that of the program, 10 s. */
  replyTimeoutSeconds?: number
  /** Payload. Default: 56. Below 16 there is no room for a time stamp, and no latency. */
  payloadBytes?: number
  /** Interface or source address to send from. */
  from?: string
  /** Only the statistics. */
  quiet?: boolean
}

/**
 * The command line, quoted for a POSIX shell. BusyBox is called by its own name, since `ping` may be another one.
 * @throws RangeError for a destination that is not an address, and for numbers that ping would refuse or misread
 */
export function pingCommand(options: PingOptions): string {
  const { family, destination, until, intervalMilliseconds, replyTimeoutSeconds, payloadBytes, from, quiet } = options
  const address = destination.replace(/%[\w.-]+$/, '')
  if (!isIPv4(address) && !isIPv6(address))
    throw new RangeError(`invalid ping destination ${JSON.stringify(destination)}: expected an IPv4 or IPv6 address`)
  if (from?.startsWith('-')) throw new RangeError(`invalid ping source ${JSON.stringify(from)}`)

  const words = family === 'busybox' ? ['busybox', 'ping'] : ['ping']
  if (family === 'iputils') words.push('-n')
  if (quiet === true) words.push('-q')
  if ('count' in until) words.push('-c', whole('count', until.count, 1))
  else words.push('-w', whole('deadlineSeconds', until.deadlineSeconds, 1))
  if (intervalMilliseconds !== undefined) words.push('-i', seconds(intervalMilliseconds))
  if (replyTimeoutSeconds !== undefined) words.push('-W', whole('replyTimeoutSeconds', replyTimeoutSeconds, 1))
  if (payloadBytes !== undefined) words.push('-s', whole('payloadBytes', payloadBytes, 0))
  if (from !== undefined) words.push('-I', from)
  return [...words, destination].map(quote).join(' ')
}

/** Milliseconds as decimal seconds, never with an exponent. */
function seconds(milliseconds: number): string {
  if (!(milliseconds > 0 && milliseconds < 1e9))
    throw new RangeError(`invalid ping interval ${milliseconds}ms: expected more than 0`)
  return (milliseconds / 1000).toFixed(6).replace(/\.?0+$/, '')
}
