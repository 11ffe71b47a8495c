export type GuestErrorKind =
  /** No connection to the guest came about. */
  | 'console-unavailable'
  | 'ssh-unavailable'
  /** The guest refused the credentials, or proved to be another one than expected. */
  | 'login-failed'
  /** The guest showed no prompt in time. */
  | 'login-timeout'
  /** The connection ended while something was expected of it. */
  | 'dropped'
  | 'command-timeout'
  /** A program that should wait for our lines is not there any more. */
  | 'program-ended'
  /** The console belongs to a program that is being talked to. */
  | 'busy'
  /** The guest answered, but what it sent cannot be told apart into echo, output and exit code. */
  | 'framing'
  /** The guest refused to read or write a file. */
  | 'file'

/** Something went wrong between us and a guest. A command that merely failed is a result, not a GuestError. */
export class GuestError extends Error {
  override readonly name = 'GuestError'
  readonly kind: GuestErrorKind
  /** `namespace/name` of the VirtualMachineInstance. */
  readonly vmi: string

  constructor(kind: GuestErrorKind, vmi: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
    this.vmi = vmi
  }
}

/** A time limit and the place where a user can change it. */
export interface Limit {
  milliseconds: number
  /** E.g. `cluster-profiles/lab.yaml:12:5 guests.loginTimeout` or `default`. */
  setBy: string
}

export interface GuestTimeouts {
  /** Until a connection is there, all attempts together. In the cluster's time, like all of these; milliseconds if a number. */
  connect: Limit | number
  /** From the connection to a shell; for a guest that boots meanwhile this is its boot time. */
  login: Limit | number
  /** For a command that brings no limit of its own. */
  command: Limit | number
}

export function limitOf(timeouts: GuestTimeouts, name: keyof GuestTimeouts): Limit {
  const limit = timeouts[name]
  return typeof limit === 'number' ? { milliseconds: limit, setBy: `timeouts.${name}` } : limit
}

/** The limit of one command, which may bring its own. */
export function commandLimit(timeouts: GuestTimeouts, timeoutMilliseconds?: number): Limit {
  return timeoutMilliseconds === undefined
    ? limitOf(timeouts, 'command')
    : { milliseconds: timeoutMilliseconds, setBy: 'timeoutMilliseconds of this command' }
}

/** `30 s (timeouts.login)` */
export function describeLimit(limit: Limit): string {
  const seconds = limit.milliseconds / 1000
  return `${seconds >= 1 ? `${Number(seconds.toFixed(3))} s` : `${limit.milliseconds} ms`} (${limit.setBy})`
}

/** The end of some guest output as one quoted line for an error message. */
export function quoteTail(text: string, limit = 300): string {
  const trimmed = text.replaceAll('\r', '').trimEnd()
  if (trimmed === '') return 'nothing'
  return JSON.stringify(trimmed.length > limit ? `...${trimmed.slice(-limit)}` : trimmed)
}

/** A command, quoted for an error message. */
export function abbreviate(command: string): string {
  return JSON.stringify(command.length > 120 ? `${command.slice(0, 117)}...` : command)
}
