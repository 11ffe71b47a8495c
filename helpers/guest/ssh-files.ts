import type { Client, SFTPWrapper } from 'ssh2'

/**
 * One file operation over sftp, in a channel of its own that is closed afterwards.
 * @throws Error of the guest's sftp server, or the reason of `stop`
 */
export async function overSftp<T>(
  client: Client,
  stop: AbortSignal,
  action: (sftp: SFTPWrapper, done: (error: Error | null | undefined, value: T) => void) => void,
): Promise<T> {
  stop.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onStop = (): void => reject(stop.reason as Error)
  stop.addEventListener('abort', onStop, { once: true })
  let channel: SFTPWrapper | undefined
  client.sftp((error, sftp) => {
    if (error !== undefined) {
      reject(error)
      return
    }
    channel = sftp
    // The channel dies with its connection, also in the middle of an operation.
    sftp.on('close', () => reject(new Error('its sftp channel was closed')))
    action(sftp, (problem, value) => {
      if (problem) reject(problem)
      else resolve(value)
    })
  })
  try {
    return await promise
  } finally {
    stop.removeEventListener('abort', onStop)
    channel?.end()
  }
}
