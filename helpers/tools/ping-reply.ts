import type { PingFamily, PingReply } from './ping.ts'

const reply =
  /^(?:\[(\d+)\.(\d{6})\] )?(\d{1,9} bytes from (\S+)(?: ?\((\S+)\))?: (icmp_)?seq=)(\d{1,9}) ttl=(\d{1,9})(?: time=(\d{1,9})(?:\.(\d{1,6}))? ms)?((?: \((?:DUP!|BAD CHECKSUM!)\))*)$/

const nanosecondsPerDigit = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1] as const

/** Collects the reply lines of one ping. */
export class ReplyReader {
  /** In the order of arrival. */
  readonly all: PingReply[] = []
  readonly #output: string
  #family: PingFamily = 'busybox'
  #address = ''
  /** A whole plain line; what stands before the sequence number is the same in all of them. */
  #plain: RegExp | null = null
  #lastPrinted = 0
  #wrapped = 0

  constructor(output: string) {
    this.#output = output
  }

  /** Replies of another program or from another address are none of this ping. */
  expect(family: PingFamily, address: string): void {
    this.#family = family
    this.#address = withoutZone(address)
  }

  /** Reads any reply line. @returns false when it is none, or not one of this ping */
  read(line: string): boolean {
    const match = reply.exec(line)
    if (!match) return false
    const [
      ,
      second,
      micros = '',
      prefix = '',
      host = '',
      address,
      icmp,
      sequence,
      ttl,
      whole,
      fraction = '',
      flags = '',
    ] = match
    if ((icmp === undefined) !== (this.#family === 'busybox')) return false
    if (withoutZone(address ?? host) !== this.#address) return false
    this.all.push({
      sequence: this.#unwrapped(Number(sequence)),
      ttl: Number(ttl),
      timeNanoseconds: whole === undefined ? null : Number(whole + fraction.padEnd(6, '0')),
      resolutionNanoseconds: nanosecondsPerDigit[fraction.length] ?? 1,
      kind: flags.includes('BAD') ? 'corrupted' : flags.includes('DUP') ? 'duplicate' : 'first',
      arrivedMicroseconds: second === undefined ? null : Number(second + micros),
    })
    if (second === undefined && whole !== undefined)
      this.#plain ??= new RegExp(
        String.raw`${prefix.replace(/[^\w ]/g, String.raw`\$&`)}(\d{1,9}) ttl=(\d{1,9}) time=(\d{1,9})(?:\.(\d{1,6}))? ms\r*(?:\n|$)`,
        'y',
      )
    return true
  }

  /**
   * Reads the line at `start` when it is a plain reply like those before: the same host, no flags, no time stamp. Several
   * times faster than cutting out the line and asking the expression for all replies, which has the last word.
   * @returns where the next line starts, or -1 when it is not such a line
   */
  readLikeTheLast(start: number): number {
    const plain = this.#plain
    if (plain === null) return -1
    plain.lastIndex = start
    const match = plain.exec(this.#output)
    if (!match) return -1
    const [, sequence, ttl, whole = '', fraction = ''] = match
    const resolution = nanosecondsPerDigit[fraction.length] ?? 1
    this.all.push({
      sequence: this.#unwrapped(Number(sequence)),
      ttl: Number(ttl),
      timeNanoseconds: Number(whole + fraction) * resolution,
      resolutionNanoseconds: resolution,
      kind: 'first',
      arrivedMicroseconds: null,
    })
    return plain.lastIndex
  }

  /** The packet has 16 bits for it. A jump of more than half of them is a new round, or a late reply of the last one. */
  #unwrapped(printed: number): number {
    const step = printed - this.#lastPrinted
    this.#lastPrinted = printed
    if (step < -0x8000) this.#wrapped += 0x10000
    else if (step > 0x8000 && this.#wrapped > 0) this.#wrapped -= 0x10000
    return this.#wrapped + printed
  }
}

const withoutZone = (address: string) => address.replace(/%.*$/, '')
