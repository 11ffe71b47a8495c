import type { Vitest } from 'vitest/node'
import { onSignals, signals } from './signals.ts'

const exitCodeOf = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

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
  // Vitest's own, which exit at once.
  for (const signal of signals) process.removeAllListeners(signal)
  onSignals((signal, count) => {
    if (count === 1) {
      process.stderr.write(`\n${signal}: cancelling the run and cleaning up. Once more exits at once.\n`)
      process.once('exit', () => {
        process.exitCode = exitCodeOf[signal]
      })
      void vitest.cancelCurrentRun('keyboard-input')
    } else {
      process.stderr.write(
        `\n${signal} again: exiting without clean-up. Remove what is left with: npx kubevirt-acceptance sweep\n`,
      )
      process.exit(exitCodeOf[signal])
    }
  })
}

/** Where the output goes to may end before the run: a terminal that is closed, `| head`. That must not keep it from cleaning up. */
function goOnWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EIO' && error.code !== 'EPIPE') throw error
    })
}
