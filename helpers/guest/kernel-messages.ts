/**
 * A line as the kernel prints it on a serial console: seconds since boot, padded to five columns, and six decimals.
 * Nine digits before the point would be three years of uptime; longer numbers are times of day, as `ping -D` prints them.
 */
const stamp = String.raw`\[(?=[ \d]{5})\x20{0,4}\d{1,8}\.\d{6}\] `
const wholeLine = new RegExp(String.raw`^${stamp}\S`)
const anywhere = new RegExp(String.raw`${stamp}[^\n]*\n`, 'g')

/** Commands whose very output are kernel messages. */
const printsKernelMessages = /dmesg|kmsg|journal|syslog|\/var\/log|console/

/**
 * Takes out kernel messages that landed in the output of a command. Only whole lines, and none when the command prints
 * such lines itself: anything less certain is left for the parser of the output to refuse.
 */
export function withoutKernelMessages(output: string, command: string): string {
  if (!output.includes('[') || printsKernelMessages.test(command)) return output
  return output
    .split('\n')
    .filter((line) => !wholeLine.test(line))
    .join('\n')
}

/** Text as it would be had no kernel message landed in it: what is left of a prompt that one tore apart. */
export function withoutTornInMessages(text: string): string {
  return text.includes('[') ? text.replaceAll(anywhere, '') : text
}

/**
 * Finds `needle` although kernel messages may have torn it apart.
 * @returns start and end in `text`, or undefined.
 */
export function findTorn(
  text: string,
  needle: RegExp,
): { start: number; end: number; match: RegExpExecArray } | undefined {
  const cuts: { at: number; length: number }[] = []
  let whole = ''
  let from = 0
  for (const message of text.matchAll(anywhere)) {
    whole += text.slice(from, message.index)
    cuts.push({ at: whole.length, length: message[0].length })
    from = message.index + message[0].length
  }
  whole += text.slice(from)
  const match = needle.exec(whole)
  if (match === null) return undefined
  const before = (position: number, including: boolean): number =>
    cuts
      .filter(({ at }) => at < position || (including && at === position))
      .reduce((sum, { length }) => sum + length, 0)
  const end = match.index + match[0].length
  return { start: match.index + before(match.index, true), end: end + before(end, false), match }
}
