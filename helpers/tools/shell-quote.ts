/** One word of a POSIX shell command line that stands for exactly `argument`, whatever is in it. */
export const shellQuote = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`
