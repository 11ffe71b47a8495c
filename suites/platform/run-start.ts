/** When a run began, in milliseconds since the epoch, as its id says. */
export function startOfRun(runId: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/.exec(runId) ?? []
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(time)) throw new Error(`run id '${runId}' does not begin with a time such as 20261120T101500Z`)
  return time
}
