export const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type Signal = (typeof signals)[number]

/**
 * Ctrl-C arrives twice under npx: once from the terminal, which signals the whole process group, and once more from npm,
 * which passes on what it gets. Both copies come at once; a person who means it a second time takes longer.
 */
const sameSignalMilliseconds = 700

/**
 * Calls `handle` for SIGINT, SIGTERM and SIGHUP instead of ending the process; copies of one signal count once.
 * @returns ends this
 */
export function onSignals(handle: (signal: Signal, count: number) => void): Disposable {
  const lastAt = new Map<Signal, number>()
  let count = 0
  const listener = (signal: Signal): void => {
    const now = performance.now()
    const isCopy = now - (lastAt.get(signal) ?? -Infinity) < sameSignalMilliseconds
    lastAt.set(signal, now)
    if (isCopy) return
    count += 1
    handle(signal, count)
  }
  for (const signal of signals) process.on(signal, listener)
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}
