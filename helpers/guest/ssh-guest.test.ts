import { spawn } from 'node:child_process'
import { Duplex, PassThrough } from 'node:stream'
import ssh2, { type Connection, type ServerChannel } from 'ssh2'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { wallClock } from '../clock/wall-clock.ts'
import { ApiError, ConnectionError } from '../kubernetes/api-error.ts'
import { GuestError } from './guest-error.ts'
import type { Guest } from './guest.ts'
import { openSshGuest, type SshGuestOptions } from './ssh-guest.ts'
import { createKeyPair, fingerprint, publicKeyBytes, sshCloudConfig } from './ssh-keys.ts'

const userKey = createKeyPair('test')
const hostKey = createKeyPair('host')

/** Two ends of one connection; destroying one ends the other, as a WebSocket does. */
function connection(): [Duplex, Duplex] {
  const [up, down] = [new PassThrough(), new PassThrough()]
  const near = Duplex.from({ readable: down, writable: up })
  const far = Duplex.from({ readable: up, writable: down })
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => undefined)
    one.once('close', () => other.destroy())
  }
  return [near, far]
}

type Execute = (command: string, channel: ServerChannel) => void

/** A real shell, as sshd would give the command one. */
const realShell: Execute = (command, channel) => {
  const child = spawn('sh', ['-c', command])
  child.stdout.on('data', (data: Buffer) => channel.write(data))
  child.stderr.on('data', (data: Buffer) => channel.stderr.write(data))
  channel.pipe(child.stdin)
  child.stdin.on('error', () => undefined)
  channel.on('signal', () => child.kill())
  channel.on('close', () => child.kill())
  child.on('close', (code, signal) => {
    if (signal === null) channel.exit(code ?? 0)
    else channel.exit(signal)
    channel.end()
  })
}

interface SshServer {
  connect: () => Promise<Duplex>
  /** Far ends, in the order of the connections. */
  ends: Duplex[]
  clients: Connection[]
  signals: string[]
}

function sshServer(options: { execute?: Execute; accept?: (attempt: number) => boolean } = {}): SshServer {
  const { accept = () => true, execute = realShell } = options
  const ends: Duplex[] = []
  const clients: Connection[] = []
  const signals: string[] = []
  let attempt = 0
  const server = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    clients.push(client)
    client.on('error', () => undefined)
    client.on('authentication', (context) => {
      if (context.method !== 'publickey') return context.reject(['publickey'])
      // A client first asks whether a key would do, then signs with it.
      if (context.signature === undefined) attempt += 1
      const known = context.username === 'fedora' && context.key.data.equals(publicKeyBytes(userKey.publicKey))
      if (known && accept(attempt)) context.accept()
      else context.reject()
    })
    client.on('session', (acceptSession) => {
      const session = acceptSession()
      let running: ServerChannel | null = null
      session.on('pty', (acceptTerminal) => acceptTerminal())
      session.on('exec', (acceptExec, _rejectExec, { command }) => {
        running = acceptExec()
        execute(command, running)
      })
      session.on('signal', (_accept, _reject, { name }) => {
        signals.push(name)
        running?.emit('signal', name)
      })
    })
  })
  return {
    ends,
    clients,
    signals,
    connect: () => {
      const [near, far] = connection()
      ends.push(far)
      server.injectSocket(far as unknown as Parameters<typeof server.injectSocket>[0])
      return Promise.resolve(near)
    },
  }
}

function open(server: SshServer, options: Partial<SshGuestOptions> = {}): Promise<Guest> {
  return openSshGuest({
    vmi: 'acceptance/vmi1',
    connect: server.connect,
    username: 'fedora',
    privateKey: userKey.privateKey,
    hostKey: hostKey.publicKey,
    clock: wallClock,
    timeouts: { connect: 10_000, login: 10_000, command: 10_000 },
    signal: new AbortController().signal,
    ...options,
  })
}

async function problem(work: Promise<unknown>): Promise<GuestError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(GuestError)
  return error as GuestError
}

test.each([
  ['echo hello', 'hello\n', 0],
  ['printf "a\\r\\nb"', 'a\nb', 0],
  ['echo out; echo err >&2; exit 3', /^(?:out\nerr|err\nout)\n$/, 3],
  ['cat', '', 0],
  ['kill -KILL $$', '', 137],
  ['no-such-command', /not found/, 127],
])('runs %j', async (command, stdout, exitCode) => {
  await using guest = await open(sshServer())
  const result = await guest.run(command)
  expect(result).toMatchObject({ command, exitCode })
  expect(result.stdout).toEqual(typeof stdout === 'string' ? stdout : expect.stringMatching(stdout))
  expect(result.durationMilliseconds).toBeGreaterThanOrEqual(0)
})

test('commands may run at the same time, each in a channel of its own', async () => {
  await using guest = await open(sshServer())
  const results = await Promise.all(['1', '2', '3'].map((number) => guest.run(`echo ${number}`)))
  expect(results.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n'])
  expect(guest.channel).toBe('ssh')
})

test('output of several megabytes arrives whole', async () => {
  await using guest = await open(sshServer())
  const { stdout } = await guest.run('head -c 4000000 /dev/zero | tr "\\0" x')
  expect(stdout).toHaveLength(4_000_000)
})

test('another host key than ours is an error at once, before anything is sent', async () => {
  const other = createKeyPair('other')
  const server = sshServer()
  const error = await problem(open(server, { hostKey: other.publicKey }))
  expect(error.kind).toBe('login-failed')
  expect(error.message).toBe(
    `The SSH server of VMI "acceptance/vmi1" has the host key ${fingerprint(publicKeyBytes(hostKey.publicKey))}, expected was ` +
      `${fingerprint(publicKeyBytes(other.publicKey))}: this is another guest, or its cloud-init did not install the key that we made. ` +
      'Look at the cloud-init log of the guest; nothing was sent to it.',
  )
  expect(server.ends).toHaveLength(1)
})

test('a user that cloud-init makes only now is tried again', async () => {
  const server = sshServer({ accept: (attempt) => attempt > 1 })
  const progress: string[] = []
  await using guest = await open(server, { onProgress: (message) => progress.push(message) })
  expect((await guest.run('true')).exitCode).toBe(0)
  expect(progress).toEqual(['SSH: All configured authentication methods failed'])
})

test('a key that is never accepted is reported when the time is over', async () => {
  const server = sshServer({ accept: () => false })
  const timeouts = {
    connect: 700,
    login: { milliseconds: 800, setBy: 'profile.yaml:3:1 guest.loginTimeout' },
    command: 1,
  }
  const error = await problem(open(server, { timeouts }))
  expect(error.kind).toBe('login-failed')
  expect(error.message).toMatch(
    /^The SSH server in the guest of VMI "acceptance\/vmi1" refused our key for user "fedora" \d times within 1\.5 s \(timeouts\.connect \+ profile\.yaml:3:1 guest\.loginTimeout\)\. Check that the guest's cloud-init data/,
  )
})

test('waits until something listens in the guest', async () => {
  const server = sshServer()
  const request = { verb: 'get', group: 'subresources.kubevirt.io', resource: 'virtualmachineinstances/portforward' }
  const answers: Error[] = [
    new ApiError(request, 500, {
      reason: 'InternalError',
      message: 'dialing VM: dial tcp 10.0.0.1:22: connect: connection refused',
    }),
    new ConnectionError('reset', 'ECONNRESET', false, undefined),
  ]
  await using guest = await open(server, {
    connect: () => {
      const answer = answers.shift()
      return answer === undefined ? server.connect() : Promise.reject(answer)
    },
  })
  expect((await guest.run('true')).exitCode).toBe(0)
})

test('a server that never speaks SSH is reported when the time is over', async () => {
  const error = await problem(
    open(sshServer(), {
      connect: () => Promise.resolve(connection()[0]),
      timeouts: { connect: 100, login: 200, command: 1 },
    }),
  )
  expect(error.kind).toBe('ssh-unavailable')
  expect(error.message).toBe(
    'The SSH server in the guest of VMI "acceptance/vmi1" did not complete a handshake within 300 ms (timeouts.connect + timeouts.login): ' +
      'it said nothing. Look whether sshd runs in the guest, or raise the limit.',
  )
})

test('something else than SSH on the port is reported in its words', async () => {
  const error = await problem(
    open(sshServer(), {
      connect: () => {
        const [near, far] = connection()
        far.write('HTTP/1.1 400 Bad Request\r\n\r\n')
        far.end()
        return Promise.resolve(near)
      },
      timeouts: { connect: 100, login: 200, command: 1 },
    }),
  )
  expect(error.kind).toBe('ssh-unavailable')
  expect(error.message).toMatch(
    /did not complete a handshake within 300 ms .*: (?!it said nothing).+\. Look whether sshd/,
  )
})

test('a command that does not end gets SIGTERM, is reported with its output, and the guest stays usable', async () => {
  const server = sshServer()
  await using guest = await open(server)
  const error = await problem(guest.run('echo started; exec sleep 1000', { timeoutMilliseconds: 300 }))
  expect(error.kind).toBe('command-timeout')
  expect(error.message).toBe(
    'Command "echo started; exec sleep 1000" on VMI "acceptance/vmi1" did not end within 300 ms (timeoutMilliseconds of this command); ' +
      'its last output: "started". It was sent SIGTERM and its channel closed. Raise the limit if the command needs longer.',
  )
  expect((await guest.run('echo next')).stdout).toBe('next\n')
  expect(server.signals).toEqual(['TERM'])
})

test.each(['the WebSocket dies', 'the server ends the connection'])(
  'a command fails at once when %s, and so does every later one',
  async (how) => {
    const server = sshServer({
      execute: (_command, channel) => {
        channel.write('half of the out')
        setImmediate(() => {
          if (how === 'the WebSocket dies') server.ends[0]?.destroy()
          else server.clients[0]?.end()
        })
      },
    })
    await using guest = await open(server)
    const error = await problem(guest.run('fio'))
    expect(error.kind).toBe('dropped')
    expect(error.message).toMatch(
      /^The SSH connection to VMI "acceptance\/vmi1" dropped .*before command "fio" had ended; last output: (?:nothing|"half of the out")\. Look whether the VMI still runs/,
    )
    expect((await problem(guest.run('true'))).kind).toBe('dropped')
  },
)

test('a channel that closes without an exit code is not a success', async () => {
  await using guest = await open(sshServer({ execute: (_command, channel) => channel.close() }))
  const error = await problem(guest.run('true'))
  expect(error.kind).toBe('dropped')
  expect(error.message).toContain('closed without an exit code')
})

test('an aborted command rejects with the reason, and its process is ended', async () => {
  const server = sshServer()
  await using guest = await open(server)
  const controller = new AbortController()
  const running = guest.run('exec sleep 1000', { signal: controller.signal })
  await guest.run('true')
  controller.abort(new Error('the run was cancelled'))
  await expect(running).rejects.toThrow('the run was cancelled')
  await guest.run('true')
  expect(server.signals).toEqual(['TERM'])
})

test('the transcript has commands, output and exit codes, redacted', async () => {
  await using guest = await open(sshServer(), { redact: (text) => text.replaceAll('token-123', '(token)') })
  await guest.run('echo token-123; exit 4')
  expect(guest.transcript()).toBe(
    '--- connected to fedora on acceptance/vmi1\n>>> "echo (token); exit 4\\n"\n(token)\n--- exit code 4\n',
  )
})

test('cloud-init data carries the keys unchanged through YAML', () => {
  const config = sshCloudConfig({ user: 'fedora', userKey: userKey.publicKey, hostKey })
  expect(parse(stringify(config))).toEqual(config)
  expect(config).toMatchObject({
    users: [{ name: 'fedora', ssh_authorized_keys: [userKey.publicKey.trim()] }],
    ssh_pwauth: false,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey.trim() },
  })
  expect(sshCloudConfig({ user: 'root', userKey: userKey.publicKey, hostKey })).toMatchObject({ disable_root: false })
})

test('what is no public key is refused', async () => {
  await expect(open(sshServer(), { hostKey: 'nonsense' })).rejects.toThrow(
    'Not a public key in OpenSSH format: "nonsense"',
  )
})

test('a connection that was accepted too early and stays silent is given up for a new one', async () => {
  const server = sshServer()
  let connections = 0
  // Limits are jumped to, so that the silence costs nothing here.
  const hastyClock = {
    ...wallClock,
    deadline: (milliseconds: number) => wallClock.deadline(milliseconds === 3000 ? 50 : milliseconds),
  }
  await using guest = await open(server, {
    clock: hastyClock,
    connect: () => {
      connections += 1
      return connections === 1 ? Promise.resolve(connection()[0]) : server.connect()
    },
  })
  expect((await guest.run('true')).exitCode).toBe(0)
  expect(connections).toBe(2)
})

/** A program with a terminal: echoes what is typed, as its line discipline would. */
const talkative: Execute = (command, channel) => {
  channel.write(`${command}\r\nready\r\n\u001B[1mtestpmd> \u001B[0m`)
  const end = (code: number, farewell: string): void => {
    channel.write(farewell)
    channel.exit(code)
    channel.end()
  }
  channel.on('data', (data: Buffer) => {
    const typed = data.toString()
    if (typed === '\u0003') channel.write('^C\r\ntestpmd> ')
    else if (typed === '\u0004') end(0, 'Bye...\r\n')
    else if (typed === 'quit\n') end(0, 'quit\r\n\r\nBye...\r\n')
    else if (typed === 'crash\n') end(139, 'crash\r\nSegmentation fault\r\n')
    else if (typed !== 'hang\n') channel.write(`${typed.trim()}\r\nanswer to ${typed.trim()}\r\ntestpmd> `)
  })
}
const eitherWay: Execute = (command, channel) => (command.includes('testpmd') ? talkative : realShell)(command, channel)

test('a program is talked to on a terminal of its own while commands run beside it', async () => {
  await using guest = await open(sshServer({ execute: eitherWay }))
  await using program = await guest.start('dpdk-testpmd -- -i', { prompt: 'testpmd> ' })
  expect(program.banner).toBe(`exec sh -c 'dpdk-testpmd -- -i'\nready\n`)
  expect(await program.send('start')).toBe('answer to start\n')
  expect((await guest.run('echo beside')).stdout).toBe('beside\n')
  expect(await program.send('stop')).toBe('answer to stop\n')
  expect(await program.send('quit')).toBe('\nBye...\n')
  expect((await problem(program.send('start'))).message).toContain('had ended with exit code 0 before "start" was sent')
  expect(guest.transcript()).toContain('answer to stop')
})

test('a program that ends before its prompt over SSH is an error with its output', async () => {
  await using guest = await open(sshServer())
  const error = await problem(guest.start('echo no hugepages; exit 1', { prompt: 'testpmd> ' }))
  expect(error.kind).toBe('program-ended')
  expect(error.message).toContain(
    'ended with exit code 1 before it showed its prompt "testpmd> "; its output: "no hugepages"',
  )
  expect((await guest.run('echo usable')).stdout).toBe('usable\n')
})

test('a crash, a time-out and a lost connection of a program over SSH are told apart', async () => {
  const server = sshServer({ execute: eitherWay })
  await using guest = await open(server)
  await using crashing = await guest.start('dpdk-testpmd', { prompt: 'testpmd> ' })
  expect((await problem(crashing.send('crash'))).message).toContain(
    'ended with exit code 139 after "crash"; its output: "Segmentation fault"',
  )
  await using hanging = await guest.start('dpdk-testpmd', { prompt: 'testpmd> ' })
  expect(await problem(hanging.send('hang', { timeoutMilliseconds: 50 }))).toMatchObject({ kind: 'command-timeout' })
  await using losing = await guest.start('dpdk-testpmd', { prompt: 'testpmd> ' })
  const sent = losing.send('hang')
  // The line is on its way only in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 20))
  server.ends[0]?.destroy()
  const lost = await problem(sent)
  expect(lost.kind).toBe('dropped')
  expect(lost.message).toContain('The SSH connection to VMI "acceptance/vmi1" dropped')
})

test('a program over SSH that takes Ctrl-C for a key is ended by the end of its input', async () => {
  const answers: string[] = []
  const server = sshServer({
    execute: (command, channel) => {
      channel.on('data', (data: Buffer) => answers.push(data.toString()))
      talkative(command, channel)
    },
  })
  // A short step of the clock instead of five seconds of it.
  const clock = { ...wallClock, deadline: (milliseconds: number) => wallClock.deadline(milliseconds / 20) }
  await using guest = await open(server, { clock, timeouts: { connect: 200_000, login: 200_000, command: 200_000 } })
  {
    await using program = await guest.start('dpdk-testpmd', { prompt: 'testpmd> ' })
    expect(await program.send('start')).toBe('answer to start\n')
  }
  expect(answers).toEqual(['start\n', '\u0003', '\u0004'])
})
