/** Deals the messages of Allure's API that a test left in its meta data out to the attempts in which they arose. */
import type { RuntimeMessage } from 'allure-js-commons/sdk'

/** allure-vitest turns every `expect` into a step and marks it so; the checks of a case say more. */
const matcherMark = '__allureVitestMatcher'

export function messagesByAttempt(
  messages: readonly RuntimeMessage[],
  attempts: readonly { startTime: number; duration: number }[],
): RuntimeMessage[][] {
  const byAttempt = attempts.length === 0 ? [[]] : attempts.map((): RuntimeMessage[] => [])
  let current = 0
  for (const message of messages) {
    if (matcherMark in message) continue
    // A message without a time belongs to the attempt of the one before it.
    const time = timeOf(message)
    if (time !== undefined)
      current = Math.max(
        current,
        attempts.findLastIndex(({ startTime }) => startTime <= time),
      )
    byAttempt[current]?.push(message)
  }
  return byAttempt
}

function timeOf(message: RuntimeMessage): number | undefined {
  if (message.type === 'step_start') return message.data.start
  if (message.type === 'step_stop') return message.data.stop
  if (message.type === 'attachment_content' || message.type === 'attachment_path') return message.data.timestamp
  return undefined
}
