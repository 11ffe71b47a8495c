/**
 * Runs in every test worker. Signals to the whole process group (Ctrl-C on a terminal, a CI job that is stopped) reach
 * the workers as well, and a worker that died of one could not tear down. The main process cancels the run instead
 * (cancellation.ts).
 */
import { casesUnderWay } from '../fixtures/cases-under-way.ts'

process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)
process.on('SIGTERM', () => {
  // Vitest ends its idle workers in this way, too.
  if (casesUnderWay.size === 0) end()
})
// The main process is dead, or was told twice to end: nobody is there to report to, and the next run cleans up.
process.on('disconnect', end)

/** Vitest makes process.exit throw in workers. */
function end(): void {
  process.removeAllListeners('SIGTERM')
  process.kill(process.pid, 'SIGTERM')
}
