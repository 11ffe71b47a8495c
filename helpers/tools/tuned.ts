import { OutputReader } from './tool-output.ts'

/**
 * Reads what `tuned-adm active` says.
 * @returns the profile that is active; null when there is none, also because the daemon does not run, which then has
 * only a preset one
 * @throws ToolOutputError for anything else
 */
export function parseTunedActive(output: string): string | null {
  const reader = new OutputReader('tuned-adm', output)
  const unreachable = reader.take(/^Cannot talk to Tune[dD] daemon via DBus\. Is Tune[dD] daemon running\?$/) !== null
  const preset = reader.take(/^It seems that tuned daemon is not running, preset profile is not activated\.$/)
  let profile: string | null = null
  if (preset !== null) reader.expect(/^Preset profile: (\S.*)$/, 'the preset profile')
  else if (!reader.take(/^No current active profile\.$/) && !(unreachable && reader.atEnd))
    profile = reader.expect(/^Current active profile: (\S.*)$/, 'the active profile')[1] ?? null
  reader.take(/^(?:Current|Preset) post-loaded profile: .*$/)
  if (reader.take(/^/)) throw reader.error('unreadable', 'tuned-adm says more than which profile is active')
  // Without D-Bus it looks whether the daemon runs before it calls a profile active.
  return profile
}
