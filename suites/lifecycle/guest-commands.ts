/** What is asked of the guests of lifecycle cases. */
import type { Clock } from '../../helpers/clock/clock.ts'
import { GuestError } from '../../helpers/guest/guest-error.ts'
import type { Guest } from '../../helpers/guest/guest.ts'

/** @throws Error with the output when the command fails */
export async function succeed(guest: Guest, command: string): Promise<string> {
  const { stdout, exitCode } = await guest.run(command)
  if (exitCode !== 0)
    throw new Error(`${command} in VMI ${guest.vmi} ended with exit code ${exitCode}: ${stdout.trim()}`)
  return stdout
}

/** Another one for each boot. */
export const bootId = async (guest: Guest): Promise<string> =>
  (await succeed(guest, 'cat /proc/sys/kernel/random/boot_id')).trim()

/** On the disk, not only in its cache, when it returns. */
export async function writeMarker(guest: Guest, path: string, text: string): Promise<void> {
  await succeed(guest, `echo ${text} > ${path} && sync`)
}

/** `kept`, `gone`, or what is there instead. */
export async function markerState(guest: Guest, path: string, text: string): Promise<string> {
  const { stdout, exitCode } = await guest.run(`cat ${path}`)
  if (exitCode !== 0) return 'gone'
  return stdout.trim() === text ? 'kept' : `changed to ${JSON.stringify(stdout.trim())}`
}

/** Powers the guest off from inside; its console ends with it. */
export async function powerOff(guest: Guest): Promise<void> {
  try {
    await guest.run('sync; poweroff')
  } catch (error) {
    if (!(error instanceof GuestError) || (error.kind !== 'dropped' && error.kind !== 'console-unavailable'))
      throw error
  }
}

/** A loop that writes a line each `intervalMilliseconds`, until the guest is rebooted or the file is removed. */
export class Heartbeat {
  readonly #guest: Guest
  readonly #path: string

  private constructor(guest: Guest, path: string) {
    this.#guest = guest
    this.#path = path
  }

  static async start(
    guest: Guest,
    intervalMilliseconds: number,
    path = '/tmp/lifecycle-heartbeat',
  ): Promise<Heartbeat> {
    const seconds = (intervalMilliseconds / 1000).toString()
    await succeed(
      guest,
      `touch ${path}; (nohup sh -c 'while [ -e ${path} ]; do read up idle < /proc/uptime; echo $up >> ${path}; sleep ${seconds}; done' > /dev/null 2>&1 &)`,
    )
    return new Heartbeat(guest, path)
  }

  /** Uptime of the guest at each beat so far, in milliseconds. */
  async beats(guest = this.#guest): Promise<number[]> {
    const text = await succeed(guest, `cat ${this.#path}`)
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const seconds = Number(line)
        if (!Number.isFinite(seconds))
          throw new Error(`heartbeat of VMI ${guest.vmi}: "${line}" is no uptime in seconds`)
        return seconds * 1000
      })
  }

  async stop(guest = this.#guest): Promise<void> {
    await succeed(guest, `rm -f ${this.#path}`)
  }
}

/** What two clocks show at the same moment, in milliseconds. */
export interface ClockPair {
  guest: number
  cluster: number
}

/** The way to a guest and back takes time; of several askings the quickest tells best, and most likely at its half. */
const askings = 5

export async function readClocks(guest: Guest, clock: Pick<Clock, 'now'>): Promise<ClockPair> {
  let best = { guest: 0, cluster: 0, took: Number.POSITIVE_INFINITY }
  for (let asking = 0; asking < askings; asking++) {
    const asked = await clock.now()
    const uptime = await uptimeMilliseconds(guest)
    const took = (await clock.now()) - asked
    if (took < best.took) best = { guest: uptime, cluster: asked + took / 2, took }
  }
  return { guest: best.guest, cluster: best.cluster }
}

async function uptimeMilliseconds(guest: Guest): Promise<number> {
  const text = await succeed(guest, 'cat /proc/uptime')
  const seconds = Number(text.trim().split(' ')[0])
  if (!Number.isFinite(seconds)) throw new Error(`/proc/uptime of VMI ${guest.vmi}: "${text.trim()}"`)
  return seconds * 1000
}
