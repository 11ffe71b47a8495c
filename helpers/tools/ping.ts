/** Reads the output of BusyBox and iputils ping, strictly: what is not understood is an error that quotes the line. */
import { checkConsistency } from './ping-consistency.ts'
import { PingParseError } from './ping-parse-error.ts'
import { ReplyReader } from './ping-reply.ts'

export { PingParseError } from './ping-parse-error.ts'

export type PingFamily = 'busybox' | 'iputils'

export interface PingReply {
  /** As ping counts, from 0 (BusyBox) or 1 (iputils), and on past 65535 where the 16 bits of the packet start again. */
  sequence: number
  ttl: number
  /** Whole nanoseconds; null when the payload is too small to carry a time stamp. */
  timeNanoseconds: number | null
  /** One unit of the last digit that was printed: iputils rounds 1.2345 ms to 1.23 ms and 123.4 ms to 123 ms. */
  resolutionNanoseconds: number
  /** duplicate: another reply to the same packet came before. corrupted: the checksum is wrong; not received. */
  kind: 'first' | 'duplicate' | 'corrupted'
  /** Time of arrival since 1970 in microseconds, with -D; otherwise null. */
  arrivedMicroseconds: number | null
}

/** A line about something that went wrong with one packet; the packet counts as lost unless a reply came as well. */
interface PingErrorLine {
  lineNumber: number
  line: string
  /** Who says so; null for the machine that pings. */
  from: string | null
  /** As printed; null where ping does not say. */
  sequence: number | null
  /** `Destination Host Unreachable`, `local error: message too long, mtu=1500`, ... */
  message: string
}

interface PingRoundTrip {
  minNanoseconds: number
  averageNanoseconds: number
  maxNanoseconds: number
  /** null: BusyBox does not compute it. */
  mdevNanoseconds: number | null
}

interface PingStatistics {
  transmitted: number
  received: number
  duplicates: number
  corrupted: number
  errors: number
  /** Exact, from the counts; what is printed is checked against it. null when nothing was transmitted. */
  lossPercent: number | null
  /** null: BusyBox does not print it. */
  totalMilliseconds: number | null
  /** Of the first replies and the duplicates; null when there is none with a time. */
  roundTrip: PingRoundTrip | null
  /** Most packets that were under way at the same time, where ping says so. */
  pipe: number | null
}

export interface PingOutput {
  family: PingFamily
  /** As given on the command line. */
  destination: string
  address: string
  payloadBytes: number
  /** true: replies came, but are not listed (-q, -f). */
  quiet: boolean
  /** In the order of arrival. */
  replies: PingReply[]
  errors: PingErrorLine[]
  /** Lines without consequence, such as `no answer yet for icmp_seq=3`. */
  notices: string[]
  /** Whole lines of the guest's kernel that came between. */
  kernelMessages: string[]
  statistics: PingStatistics
}

// BusyBox: `PING a (a): 56 data bytes`, with -I `from b: 56`. iputils: `PING a (a) 56(84) bytes of data.`, for IPv6
// `PING a (a) 56 data bytes` without a colon or `PING a(name (a))`, with -I `from b eth0: 56` or `from b : 56`.
const header =
  /^PING (\S+?) ?\((?:\S+ \()?([^\s()]+)\)?\)(?: from \S+?( \S*)?)?(:?) (\d{1,9})(?:\(\d+\)( bytes of data\.)| data bytes)$/
const errorFrom = /^(?:\[\d+\.\d+\] )?From (\S+?)(?: \([^)]*\))?:? icmp_seq=(\d+) (\S.*)$/
const errorHere = /^(?:\S*\/)?(?:ping6?|connect): (\S.*)$/
const notice = /^(?:\[\d+\.\d+\] )?no answer yet for icmp_seq=\d+$/
const kernelLine = /^\[ *\d+\.\d{6}\] \S/
const statisticsHead = /^--- (\S+) ping statistics ---$/
const iputilsCounts =
  /^(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?(?:, \+(\d+) corrupted)?(?:, \+(\d+) errors)?(?:, (\d+(?:\.\d+)?(?:e[+-]\d+)?)% packet loss)?(?:, time (\d+)ms)?$/
const busyBoxCounts = /^(\d+) packets transmitted, (\d+) packets received, (?:(\d+) duplicates, )?(\d+)% packet loss$/
const millis = String.raw`(\d+\.\d{3})`
const iputilsRoundTrip = new RegExp(
  String.raw`^rtt min/avg/max/mdev = ${millis}/${millis}/${millis}/${millis} ms(?:, pipe (\d+))?(?:, ipg/ewma [\d.]+/[\d.]+ ms)?$`,
)
const busyBoxRoundTrip = new RegExp(String.raw`^round-trip min/avg/max = ${millis}/${millis}/${millis} ms$`)
const pipeOnly = /^pipe (\d+)$/
// What -f draws: a dot per request, backspaces over it per reply, E and C for errors.
const floodProgress = /^[. \bEC]+$/

/**
 * @param output standard output and standard error of one ping; lines may end in \n or \r\n
 * @throws PingParseError when it holds no complete and consistent measurement
 */
export function parsePing(output: string): PingOutput {
  return new PingReader(output).read()
}

type Counts = Omit<PingStatistics, 'roundTrip' | 'pipe' | 'lossPercent'>

class PingReader {
  readonly #output: string
  #lineNumber = 0
  #line = ''
  readonly #replies: ReplyReader
  #header: Pick<PingOutput, 'family' | 'destination' | 'address' | 'payloadBytes'> | null = null
  readonly #errors: PingErrorLine[] = []
  readonly #notices: string[] = []
  readonly #kernelMessages: string[] = []
  #inStatistics = false
  #counts: Counts | null = null
  #printedLoss: string | null = null
  #roundTrip: PingRoundTrip | null = null
  #pipe: number | null = null

  constructor(output: string) {
    this.#output = output
    this.#replies = new ReplyReader(output)
  }

  read(): PingOutput {
    const output = this.#output
    let position = 0
    let lastLine = { number: 0, text: '' }
    while (position < output.length) {
      this.#lineNumber += 1
      // Nearly all lines of a long output are replies like the one before; everything else takes its time.
      const next = this.#inStatistics || this.#header === null ? -1 : this.#replies.readLikeTheLast(position)
      if (next >= 0) {
        position = next
        continue
      }
      let end = output.indexOf('\n', position)
      if (end < 0) end = output.length
      this.#line = withoutCarriageReturns(output, position, end)
      position = end + 1
      if (this.#line.trim() === '') continue
      lastLine = { number: this.#lineNumber, text: this.#line }
      this.#readLine(position)
    }
    return this.#finish(lastLine)
  }

  #readLine(next: number): void {
    const line = this.#line
    if (this.#header === null && this.#readHeader()) return
    if (this.#header !== null && !this.#inStatistics && this.#replies.read(line)) return
    if (this.#inStatistics ? this.#readStatistics() : this.#readStatisticsHead()) return
    if (notice.test(line)) this.#notices.push(line)
    else if (kernelLine.test(line) && !/ bytes from |From /.test(line)) this.#kernelMessages.push(line)
    else if (this.#header !== null && !this.#inStatistics && this.#readError()) return
    else if (this.#header !== null && !this.#inStatistics && floodProgress.test(line)) return
    else if (this.#header === null) throw startFailure(line, this.#lineNumber)
    else if ((this.#counts === null || this.#roundTrip === null) && this.#output.slice(next).trim() === '')
      throw this.#error('truncated', 'it ends before the statistics are complete')
    else throw this.#error('unreadable', 'this is none of the lines that ping writes')
  }

  #readHeader(): boolean {
    const match = header.exec(this.#line)
    if (!match) return false
    const [, destination = '', address = '', sourceDevice, colon, payload = '', bytesOfData] = match
    const busybox = bytesOfData === undefined && colon === ':' && sourceDevice === undefined
    this.#header = {
      family: busybox ? 'busybox' : 'iputils',
      destination,
      address,
      payloadBytes: Number(payload),
    }
    this.#replies.expect(this.#header.family, address)
    return true
  }

  #readError(): boolean {
    const line = this.#line
    const [, from, sequence, told] = errorFrom.exec(line) ?? []
    const message = told ?? errorHere.exec(line)?.[1]
    if (message === undefined) return false
    this.#errors.push({
      lineNumber: this.#lineNumber,
      line,
      from: from ?? null,
      sequence: sequence === undefined ? null : Number(sequence),
      message,
    })
    return true
  }

  #readStatisticsHead(): boolean {
    const match = statisticsHead.exec(this.#line)
    if (!match || this.#header === null) return false
    if (match[1] !== this.#header.destination)
      throw this.#error('inconsistent', `these are not the statistics of ${this.#header.destination}`)
    this.#inStatistics = true
    return true
  }

  #readStatistics(): boolean {
    if (this.#counts === null) return this.#readCounts()
    if (this.#roundTrip === null && this.#readRoundTrip()) return true
    const pipe = this.#pipe === null ? pipeOnly.exec(this.#line) : null
    if (pipe) this.#pipe = Number(pipe[1])
    return pipe !== null
  }

  #readCounts(): boolean {
    if (this.#header?.family === 'busybox') {
      const match = busyBoxCounts.exec(this.#line)
      if (!match) return false
      const [, transmitted, received, duplicates = 0, loss = ''] = match
      this.#counts = {
        transmitted: Number(transmitted),
        received: Number(received),
        duplicates: Number(duplicates),
        corrupted: 0,
        errors: 0,
        totalMilliseconds: null,
      }
      this.#printedLoss = loss
      return true
    }
    const match = iputilsCounts.exec(this.#line)
    if (!match) return false
    const [, transmitted, received, duplicates = 0, corrupted = 0, errors = 0, loss, time] = match
    this.#counts = {
      transmitted: Number(transmitted),
      received: Number(received),
      duplicates: Number(duplicates),
      corrupted: Number(corrupted),
      errors: Number(errors),
      totalMilliseconds: time === undefined ? null : Number(time),
    }
    this.#printedLoss = loss ?? null
    return true
  }

  #readRoundTrip(): boolean {
    const match = (this.#header?.family === 'busybox' ? busyBoxRoundTrip : iputilsRoundTrip).exec(this.#line)
    if (!match) return false
    const [, least = '', average = '', most = '', mdev, pipe] = match
    this.#roundTrip = {
      minNanoseconds: nanoseconds(least),
      averageNanoseconds: nanoseconds(average),
      maxNanoseconds: nanoseconds(most),
      mdevNanoseconds: mdev === undefined ? null : nanoseconds(mdev),
    }
    if (pipe !== undefined) this.#pipe = Number(pipe)
    return true
  }

  #finish(last: { number: number; text: string }): PingOutput {
    this.#line = last.text
    this.#lineNumber = last.number
    const { all } = this.#replies
    const counts = this.#counts
    if (this.#header === null || counts === null) throw this.#noStatistics()
    const { family, payloadBytes } = this.#header
    const timed = payloadBytes >= (family === 'busybox' ? 4 : 16)
    if (this.#roundTrip === null && timed && counts.received + counts.duplicates > 0)
      throw this.#error('truncated', 'it ends before the round-trip times, although replies were received')

    const result: PingOutput = {
      ...this.#header,
      quiet: all.length === 0 && counts.received > 0,
      replies: all,
      errors: this.#errors,
      notices: this.#notices,
      kernelMessages: this.#kernelMessages,
      statistics: {
        ...counts,
        lossPercent:
          counts.transmitted === 0 ? null : ((counts.transmitted - counts.received) * 100) / counts.transmitted,
        roundTrip: this.#roundTrip,
        pipe: this.#pipe,
      },
    }
    const contradiction = checkConsistency(result, this.#printedLoss)
    if (contradiction !== null) throw this.#error('inconsistent', contradiction)
    return result
  }

  #noStatistics(): PingParseError {
    const last = this.#errors.at(-1)
    // BusyBox gives up at the first packet that it cannot send.
    if (last?.from === null && /unreachable|no route/i.test(last.message) && last.lineNumber === this.#lineNumber)
      return this.#error('unreachable', 'ping could not send and gave up')
    return this.#error(
      'truncated',
      this.#lineNumber === 0 ? 'it is empty' : 'it ends without statistics, or they are not complete',
    )
  }

  #error(problem: PingParseError['problem'], explanation: string): PingParseError {
    return new PingParseError(problem, explanation, this.#lineNumber, this.#line)
  }
}

/** The text of a line as ping printed it: a console adds carriage returns at the end. */
function withoutCarriageReturns(text: string, start: number, end: number): string {
  let last = end
  while (last > start && text.charCodeAt(last - 1) === 13) last -= 1
  return text.slice(start, last)
}

const nanoseconds = (milliseconds: string) => Number(milliseconds.replace('.', '')) * 1000

function startFailure(line: string, lineNumber: number): PingParseError {
  const [problem, explanation] = /bad address|name resolution|not known|does not resolve|No address associated/i.test(
    line,
  )
    ? (['unresolved', 'the destination was not found'] as const)
    : /(network|host) (is )?unreachable|no route/i.test(line)
      ? (['unreachable', 'there is no route to the destination'] as const)
      : /^(?:\S*\/)?(?:ping6?|busybox|sh|ash|bash|-sh|-ash|-bash): |usage/i.test(line)
        ? (['refused', 'ping did not start'] as const)
        : (['unreadable', 'this is not the first line of a ping'] as const)
  return new PingParseError(problem, explanation, lineNumber, line)
}
