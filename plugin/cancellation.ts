import type { Vitest } from 'vitest/node'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
let installed = false

/**
 * Lets Ctrl-C, SIGTERM and a closed terminal end a run in good order. Vitest itself exits within a millisecond and
 * leaves every VM behind. The first signal cancels the run: tests are aborted, fixtures tear down, reports are
 * written. A second one exits at once, as Vitest would have.
 */
export function cancelGracefully(vitest: Vitest): void {
  if (installed) return
  installed = true
  let received: NodeJS.Signals | undefined
  for (const signal of signals) {
    const immediate = process.rawListeners(signal) as ((signal: NodeJS.Signals) => void)[]
    process.removeAllListeners(signal)
    process.on(signal, () => {
      if (received) {
        process.stderr.write(
          `\n${signal} again: exiting without clean-up. Remove what is left with: npx kubevirt-acceptance sweep\n`,
        )
        if (immediate.length === 0) process.exit(exitCodeOf(signal))
        for (const listener of immediate) listener.call(process, signal)
        return
      }
      received = signal
      process.stderr.write(`\n${signal}: cancelling the run and cleaning up. Once more exits at once.\n`)
      process.once('exit', () => {
        process.exitCode = exitCodeOf(signal)
      })
      void vitest.cancelCurrentRun('keyboard-input')
    })
  }
}

const exitCodeOf = (signal: (typeof signals)[number]): number => ({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })[signal]
