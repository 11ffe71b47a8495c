import type { Duplex } from 'node:stream'
import type { Clock } from '../clock/clock.ts'
import type { ClusterClient } from '../kubernetes/cluster-client.ts'
import { consolePath, portForwardPath } from './connect-retry.ts'
import { openConsoleGuest } from './console-guest.ts'
import type { LoginStyle } from './console-login.ts'
import type { GuestTimeouts } from './guest-error.ts'
import type { Guest } from './guest.ts'
import { openSshGuest } from './ssh-guest.ts'

/** Over the serial console, which every VMI has. */
export interface ConsoleLogin {
  access: 'console'
  login: LoginStyle
  /** Names in the guest's prompts besides that of the VMI and `localhost`. */
  hostNames?: string[]
  /** Whether a console that dropped between two commands may be opened again. Default: false. */
  reconnect?: boolean
}

/** Over SSH through the port-forward subresource; the guest needs a pod network interface and a server. */
export interface SshLogin {
  access: 'ssh'
  username: string
  /** OpenSSH format. */
  privateKey: string
  /** The public key that the guest must prove to have. */
  hostKey?: string
  /** Default: 22. */
  port?: number
}

export interface OpenGuestOptions {
  login: ConsoleLogin | SshLogin
  client: Pick<ClusterClient, 'openWebSocket'>
  namespace: string
  /** Of the VirtualMachineInstance. */
  name: string
  clock: Clock
  timeouts: GuestTimeouts
  signal: AbortSignal
  /** Applied to transcripts and error messages. */
  redact?: (text: string) => string
  onProgress?: (message: string) => void
  /** Called with what was sent and received when the guest could not be opened. */
  onTranscript?: (transcript: string) => void
}

/**
 * Opens a guest over the channel that `login` says.
 * @throws GuestError
 */
export function openGuest(options: OpenGuestOptions): Promise<Guest> {
  const { client, login, name, namespace, ...common } = options
  const vmi = `${namespace}/${name}`
  const connectTo =
    (path: string) =>
    async (signal: AbortSignal): Promise<Duplex> =>
      (await client.openWebSocket(path, { signal })).stream
  if (login.access === 'ssh') {
    const { access: _access, port = 22, ...credentials } = login
    return openSshGuest({ ...common, vmi, ...credentials, connect: connectTo(portForwardPath(namespace, name, port)) })
  }
  return openConsoleGuest({
    ...common,
    vmi,
    connect: connectTo(consolePath(namespace, name)),
    login: login.login,
    hostNames: [name, 'localhost', ...(login.hostNames ?? [])],
    ...(login.reconnect === undefined ? {} : { reconnect: login.reconnect }),
  })
}
