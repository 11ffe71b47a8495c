/** Numbers in the command lines of a tool: `const whole = wholeNumbersOf('oslat')`. */
export const wholeNumbersOf =
  (tool: string) =>
  /** @throws RangeError */
  (name: string, value: number, least: number, most = Number.POSITIVE_INFINITY): string => {
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw new RangeError(
        `invalid ${tool} ${name} ${value}: expected a whole number from ${least}${most === Number.POSITIVE_INFINITY ? '' : ` to ${most}`}`,
      )
    return String(value)
  }
