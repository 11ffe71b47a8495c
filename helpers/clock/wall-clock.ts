import type { Clock, Deadline } from './clock.ts'

/** Node fires longer timers at once. */
const longestTimeout = 2 ** 31 - 1

/** The clock of every real cluster. */
export const wallClock: Clock = {
  now: () => Promise.resolve(Date.now()),

  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        Math.min(Math.max(0, milliseconds), longestTimeout),
      )
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    }),

  deadline(milliseconds): Deadline {
    const controller = new AbortController()
    const timer = setTimeout(
      () => controller.abort(timeLimitIsOver(milliseconds)),
      Math.min(Math.max(0, milliseconds), longestTimeout),
    )
    // A limit guards work that keeps the process alive by itself.
    timer.unref()
    return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

/** What a deadline's signal is aborted with. */
export const timeLimitIsOver = (milliseconds: number): DOMException =>
  new DOMException(`the time limit of ${milliseconds / 1000} s is over`, 'TimeoutError')
