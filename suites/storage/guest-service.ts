/** What is asked of a guest about its service, and how the answers are read. */
import { dataDirectory, jobFilePath } from './benchmark-script.ts'
import { resultDirectory } from './guest-files.ts'

const service = 'perf-test.service'

export const stateCommand = `systemctl show ${service} -p ActiveState`
export const exitCommand = `systemctl show ${service} -p ExecMainPID,ExecMainStatus`
export const resultThereCommand = `find ${resultDirectory} -name '*.json' -size +0c 2>/dev/null | grep -q . && echo READY || echo MISSING`
export const collectCommand = `cat ${resultDirectory}/*.json`
export const systemInformationCommand = "lscpu && echo '---' && free -h && echo '---' && lsblk"

export const replaceJobCommand = (jobFile: string): string =>
  `printf '%s' '${Buffer.from(jobFile).toString('base64')}' | base64 -d | sudo tee ${jobFilePath} > /dev/null`

/** @param clearData the files of fio go, too: the next job has others, and there may be no room for both */
export const restartCommand = (clearData: boolean): string =>
  `sudo rm -f ${resultDirectory}/*.json${clearData ? ` ${dataDirectory}/*` : ''} && sudo systemctl stop ${service} 2>/dev/null; sudo systemctl reset-failed ${service} 2>/dev/null; sudo systemctl start --no-block ${service}`

export const clockCommand = 'date +%s'

/** A guest said something else than it was asked for. */
export class GuestAnswerError extends Error {
  override readonly name = 'GuestAnswerError'
}

/** `Key=value` of each line, in whatever order. @throws GuestAnswerError */
export function parseProperties<Name extends string>(output: string, names: readonly Name[]): Record<Name, string> {
  const found = new Map<string, string>()
  for (const line of output.split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) found.set(line.slice(0, equals), line.slice(equals + 1).trim())
  }
  const missing = names.filter((name) => !found.has(name))
  if (missing.length > 0)
    throw new GuestAnswerError(
      `systemctl show gives no ${missing.join(', ')}: ${JSON.stringify(output.trim().slice(0, 200))}`,
    )
  return Object.fromEntries(names.map((name) => [name, found.get(name) ?? ''])) as Record<Name, string>
}

/** @throws GuestAnswerError */
export function parseWholeNumber(text: string, what: string): number {
  if (/^\d+$/.test(text.trim())) return Number(text.trim())
  throw new GuestAnswerError(`${what} is no number: ${JSON.stringify(text.trim().slice(0, 80))}`)
}
