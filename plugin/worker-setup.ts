/**
 * Runs in every test worker. A terminal sends Ctrl-C to the whole process group; a worker that died of it could not
 * tear down. The main process cancels the run instead (cancellation.ts) and stops the workers itself, with SIGTERM.
 */
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)
