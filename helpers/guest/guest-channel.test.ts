import { expect, test } from 'vitest'
import { wallClock } from '../clock/wall-clock.ts'
import type { ClusterClient } from '../kubernetes/cluster-client.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import { openGuest, type OpenGuestOptions } from './guest-channel.ts'
import { createKeyPair } from './ssh-keys.ts'

/** A client whose API server refuses every stream, and tells which were asked for. */
function refusingClient(): { client: Pick<ClusterClient, 'openWebSocket'>; paths: string[] } {
  const paths: string[] = []
  const openWebSocket: ClusterClient['openWebSocket'] = (path) => {
    paths.push(path)
    const request = { verb: 'get', group: 'subresources.kubevirt.io', resource: 'virtualmachineinstances' }
    return Promise.reject(new ApiError(request, 403, { reason: 'Forbidden', message: 'cannot get resource' }))
  }
  return { client: { openWebSocket }, paths }
}

const prefix = '/apis/subresources.kubevirt.io/v1/namespaces/acceptance/virtualmachineinstances/vmi1'

const { privateKey } = createKeyPair('run')

test.each<[string, string, OpenGuestOptions['login']]>([
  ['console', `${prefix}/console`, { access: 'console', login: { style: 'alpine' } }],
  ['SSH port', `${prefix}/portforward/22/tcp`, { access: 'ssh', username: 'root', privateKey }],
  ['SSH port', `${prefix}/portforward/2222/tcp`, { access: 'ssh', username: 'root', privateKey, port: 2222 }],
])('the %s is opened through %s, and a refusal hands over the transcript', async (what, path, login) => {
  const { client, paths } = refusingClient()
  const transcripts: string[] = []
  await expect(
    openGuest({
      login,
      client,
      namespace: 'acceptance',
      name: 'vmi1',
      clock: wallClock,
      timeouts: { connect: 1000, login: 1000, command: 1000 },
      signal: new AbortController().signal,
      onTranscript: (transcript) => transcripts.push(transcript),
    }),
  ).rejects.toThrow(`The ${what} of VMI "acceptance/vmi1" cannot be opened: `)
  expect(paths).toEqual([path])
  expect(transcripts).toHaveLength(1)
})
