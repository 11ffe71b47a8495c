import type { Vitest } from 'vitest/node'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const exitCodeOf = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/**
 * One Ctrl-C reaches this process twice when npx started it: from the terminal, and passed on by npm. Whoever presses
 * it twice on purpose takes longer than that.
 */
const sameSignalMilliseconds = 700

let installed = false

/**
 * Lets Ctrl-C, SIGTERM and a closed terminal end a run in good order. Vitest itself exits within a millisecond and
 * leaves every VM behind. The first signal cancels the run: tests are aborted, fixtures tear down, reports are
 * written. A second one exits at once, as Vitest would have.
 */
export function cancelGracefully(vitest: Vitest): void {
  if (installed) return
  installed = true
  goOnWithoutReader()
  let first: { at: number } | undefined
  for (const signal of signals) {
    // Vitest's own, which exit at once.
    process.removeAllListeners(signal)
    process.on(signal, () => {
      if (first === undefined) {
        first = { at: performance.now() }
        process.stderr.write(`\n${signal}: cancelling the run and cleaning up. Once more exits at once.\n`)
        process.once('exit', () => {
          process.exitCode = exitCodeOf[signal]
        })
        void vitest.cancelCurrentRun('keyboard-input')
      } else if (performance.now() - first.at > sameSignalMilliseconds) {
        process.stderr.write(
          `\n${signal} again: exiting without clean-up. Remove what is left with: npx kubevirt-acceptance sweep\n`,
        )
        process.exit(exitCodeOf[signal])
      }
    })
  }
}

/** Where the output goes to may end before the run: a terminal that is closed, `| head`. That must not keep it from cleaning up. */
function goOnWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EIO' && error.code !== 'EPIPE') throw error
    })
}
