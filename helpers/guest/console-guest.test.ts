import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { ApiError, ConnectionError } from '../kubernetes/api-error.ts'
import { consolePath, portForwardPath } from './connect-retry.ts'
import {
  alpinePrompt,
  FakeConsole,
  getty,
  problem,
  randomCuts,
  setUp,
  shell,
  type Program,
} from './testing/fake-console.ts'

const testdata = (name: string): string => readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8')

/** Plays a capture: every line that is typed releases the next segment; afterwards a shell answers. */
function replay(segments: string[], prompt: string, user: string): Program {
  const rest = [...segments]
  return (_line, console) => {
    const next = rest.shift()
    if (next !== undefined) console.print(next)
    if (rest.length === 0) console.program = shell(prompt, user)
  }
}

const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 })

const passwordCapture = (() => {
  const text = testdata('micro-password-bash-session.raw')
  const end = (marker: string, from = 0): number => text.indexOf(marker, from) + marker.length
  // Three prompts at once: newlines typed ahead made the getty repeat itself.
  const prompts = text.indexOf('root\r\nPassword')
  const refused = end('Password: ')
  const again = text.indexOf('root\r\nPassword', refused)
  const asked = end('Password: ', again)
  const prompt = end('~]# ')
  const segments = [
    [0, prompts],
    [prompts, refused],
    [refused, again],
    [again, asked],
    [asked, prompt],
  ] as const
  return {
    segments: segments.map(([from, to]) => text.slice(from, to)),
    prompt: text.slice(text.lastIndexOf('\n', prompt) + 1, prompt),
  }
})()

propertyTest.prop([cuts], { numRuns: 40 })(
  'logs in with a password through a captured session however it is cut into frames',
  async (lengths) => {
    const { console, open } = setUp({
      program: replay(passwordCapture.segments, passwordCapture.prompt, 'root'),
      prepare: (far) => (far.cut = randomCuts(lengths)),
      login: { style: 'password', user: 'root', password: 'fixture-word' },
      hostNames: ['realtime-vmi-under-test-x7k2p'],
    })
    await using guest = await open()
    expect(console.lines.slice(0, 5)).toEqual(['', 'root', 'fixture-word', 'root', 'fixture-word'])
    expect((await guest.run('echo hello')).stdout).toBe('hello\n')
  },
)

const cloudCapture = (() => {
  const text = testdata('cloudinit-debian-boot-end.raw')
  const end = (marker: string, from = 0): number => text.indexOf(marker, from) + marker.length
  const user = text.indexOf('fedora\r\r\nPassword')
  const asked = end('Password: ', user)
  const again = text.indexOf('fedora\r\nPassword', asked)
  const askedAgain = end('Password: ', again)
  const prompt = end('fedora@vmi-cloudinit-x7k2p:~$ ', askedAgain)
  return [
    [0, user],
    [user, asked],
    [asked, again],
    [again, askedAgain],
    [askedAgain, prompt],
  ].map(([from, to]) => text.slice(from, to))
})()

propertyTest.prop([cuts], { numRuns: 25 })(
  'logs in to a cloud image whose prompt comes among messages and before its user exists',
  async (lengths) => {
    const { open } = setUp({
      program: replay(cloudCapture, '\u001B[?2004hfedora@vmi-cloudinit-x7k2p:~$ ', 'fedora'),
      prepare: (far) => (far.cut = randomCuts(lengths)),
      login: { style: 'password', user: 'fedora', password: 'fixture-word' },
      hostNames: ['vmi-cloudinit-x7k2p'],
    })
    await using guest = await open()
    expect((await guest.run('echo hello; exit 3')).exitCode).toBe(3)
  },
)

test('logs in while the guest boots, at the frame boundaries of a real serial console', async () => {
  const frames = testdata('micro-verbose-boot-login.timed.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { d: string }).d)
  const text = frames.join('')
  const [prompt, shellPrompt] = ['latency-check-source-x7k2p login: ', 'latency-check-source-x7k2p:~# \u001B[6n']
  const user = text.indexOf(prompt) + prompt.length
  const ready = text.indexOf(shellPrompt) + shellPrompt.length
  let position = 0
  const segments: string[][] = [[], []]
  for (const frame of frames) {
    if (position < ready) segments[position < user ? 0 : 1]?.push(frame)
    position += frame.length
  }
  const rest = [...segments]
  const { console, open } = setUp({
    program: (_line, far) => {
      far.cut = (whole) => [whole]
      for (const frame of rest.shift() ?? []) far.print(frame)
      if (rest.length === 0) far.program = shell(shellPrompt)
    },
    hostNames: ['latency-check-source-x7k2p'],
  })
  await using guest = await open()
  expect(console.lines.slice(0, 2)).toEqual(['', 'root'])
  expect((await guest.run('echo up')).stdout).toBe('up\n')
})

test.each([
  ['an Alpine guest at its login prompt', getty('vmi1', null, shell()), ['', 'root']],
  ['a guest that somebody has logged in to', shell(), ['']],
  ['a prompt without a host name', shell('# '), ['']],
  ['the prompt of an initramfs', shell('/root # \u001B[6n'), ['']],
  ['a login prompt with an unexpected name', getty('other', null, shell()), ['', 'root']],
])('gets a shell from %s without waiting', async (_, program, lines) => {
  const { clock, console, open } = setUp({ program })
  const before = await clock.now()
  await using guest = await open()
  expect(console.lines.slice(0, lines.length)).toEqual(lines)
  expect(console.lines[lines.length]).toContain('echo "@@"')
  expect((await clock.now()) - before).toBeLessThanOrEqual(250)
  expect(await guest.run('echo "out" ; false')).toMatchObject({ stdout: 'out\n', exitCode: 1 })
})

test('logs somebody else out first', async () => {
  const { console, open, progress } = setUp({
    program: shell('fedora@vmi1:~$ ', 'fedora', getty('vmi1', null, shell())),
  })
  await using guest = await open()
  expect(guest.channel).toBe('console')
  expect(console.lines).toContain('exit')
  expect(progress).toContain('logging out fedora')
})

test('gives up on a console that logs somebody else in by itself', async () => {
  const { open } = setUp({ program: shell('fedora@vmi1:~$ ', 'fedora') })
  const error = await problem(open())
  expect(error.kind).toBe('login-failed')
  expect(error.message).toBe(
    'The console of VMI "acceptance/vmi1" was logged in as user "fedora" 6 times although we logged it out; "root" is wanted. ' +
      'Turn off the automatic login, or use that user.',
  )
})

test.each([
  ['a silent program', '', ''],
  ['a program with a prompt of its own', 'testpmd> ', 'testpmd> '],
])('ends %s that an earlier session left in the foreground', async (_, greeting, answer) => {
  const { console, open } = setUp({
    program: (line, far) => far.print(`${line}\r\n${answer}`),
    prepare: (far) => {
      far.onInterrupt = () => {
        far.program = shell()
        far.print(`^C\r\n${alpinePrompt}`)
      }
      far.print(greeting)
    },
  })
  await using guest = await open()
  expect(console.interrupts).toBe(1)
  expect((await guest.run('echo hello')).stdout).toBe('hello\n')
})

test('sends no Ctrl-C to a guest that is silent because it boots', async () => {
  const { clock, console, open } = setUp({ program: () => undefined })
  const boot = async (): Promise<void> => {
    await clock.sleep(9000)
    console.program = getty('vmi1', null, shell())
    console.print('\r\nWelcome\r\n\rvmi1 login: ')
  }
  const before = await clock.now()
  const booted = boot()
  await using guest = await open()
  await booted
  expect(guest.vmi).toBe('acceptance/vmi1')
  expect(console.interrupts).toBe(0)
  expect((await clock.now()) - before).toBe(9000)
})

test('asks again when a message has torn the login prompt apart', async () => {
  const askUser = getty('vmi1', null, shell())
  const { console, open } = setUp({
    program: (line, far) => {
      far.program = askUser
      far.print('\r\nWelcome\r\nvmi1 loci-info: no authorized SSH keys\r\n')
      expect(line).toBe('')
    },
  })
  await using guest = await open()
  expect(guest.channel).toBe('console')
  expect(console.lines.slice(0, 3)).toEqual(['', '', 'root'])
})

test('sees the login prompt behind a kernel message that follows it', async () => {
  const { console, open } = setUp({
    program: (line, far) => {
      far.program = getty('vmi1', null, shell())
      far.print('\r\nWelcome\r\nvmi1 login: [   57.032729] cloud-init[313]: running\r\n')
      expect(line).toBe('')
    },
  })
  await using guest = await open()
  expect(guest.channel).toBe('console')
  expect(console.lines.slice(0, 2)).toEqual(['', 'root'])
})

test("does not give its password to somebody else's login", async () => {
  const { console, open } = setUp({
    program: (line, far) => {
      expect(line).toBe('')
      far.print('Password: ')
      far.program = (given, next) => {
        expect(given).toBe('')
        next.program = getty('vmi1', 'fixture-word', shell())
        next.print('\r\nLogin incorrect\r\nvmi1 login: ')
      }
    },
    login: { style: 'password', user: 'root', password: 'fixture-word' },
  })
  await using guest = await open()
  expect(guest.channel).toBe('console')
  expect(console.lines.slice(0, 4)).toEqual(['', '', 'root', 'fixture-word'])
})

test('a wrong password is reported when the time for the login is over, without the password', async () => {
  const { console, open, progress } = setUp({
    program: getty('vmi1', 'another', shell()),
    login: { style: 'password', user: 'fedora', password: 'fixture-word' },
    timeouts: {
      connect: 1000,
      login: { milliseconds: 60_000, setBy: 'cluster-profiles/lab.yaml:9:3 guests.loginTimeout' },
      command: 1000,
    },
  })
  const error = await problem(open())
  expect(error.kind).toBe('login-failed')
  expect(error.message).toMatch(
    /^The guest of VMI "acceptance\/vmi1" refused user "fedora" \d+ times within 60 s \(cluster-profiles\/lab\.yaml:9:3 guests\.loginTimeout\); last output: ".*vmi1 login:"\. Check the user and password/,
  )
  expect(error.message).not.toContain('fixture-word')
  expect(progress).toContain('login refused, attempt 2')
  expect(console.lines.length).toBeLessThan(30)
})

test('a guest that asks for a password where there is none is reported at once', async () => {
  const { open } = setUp({ program: getty('vmi1', 'secret', shell()) })
  const error = await problem(open())
  expect(error.kind).toBe('login-failed')
  expect(error.message).toBe(
    'The guest of VMI "acceptance/vmi1" asks user "root" for a password, and the login style "alpine" has none. ' +
      'Use the login style "password", or an image whose root has no password.',
  )
})

test('an expired password is reported at once', async () => {
  const { open } = setUp({
    program: getty('vmi1', 'fixture-word', () => undefined, 'You must change your password now.\r\nNew password: '),
    login: { style: 'password', user: 'fedora', password: 'fixture-word' },
  })
  const error = await problem(open())
  expect(error.kind).toBe('login-failed')
  expect(error.message).toContain('wants user "fedora" to choose a new password')
})

test('a guest that never shows a prompt is a login time-out with its last output', async () => {
  const { open } = setUp({
    program: () => undefined,
    prepare: (far) => far.print('[    2.277327] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n'),
  })
  const error = await problem(open())
  expect(error.kind).toBe('login-timeout')
  expect(error.message).toBe(
    'No shell of user "root" on the console of VMI "acceptance/vmi1" within 120 s (timeouts.login): no prompt at all; ' +
      'last output: "[    2.277327] Kernel panic - not syncing: VFS: Unable to mount root fs". ' +
      'Look whether the guest boots to its login prompt on ttyS0, or raise the limit.',
  )
})

test('a console that ends during the login says so at once', async () => {
  const { clock, open } = setUp({
    program: (_line, far) => {
      far.print('\r\nvmi1 login: ')
      far.program = () => void far.push(null)
    },
  })
  const before = await clock.now()
  const error = await problem(open())
  expect(error.kind).toBe('dropped')
  expect(error.message).toBe(
    'The console of VMI "acceptance/vmi1" dropped before user "root" was logged in; last output: "\\nvmi1 login:". ' +
      'Look whether the VMI still runs, and whether somebody else opened its console: a second connection ends the first.',
  )
  expect(await clock.now()).toBe(before)
})

const consoleRequest = {
  verb: 'get',
  group: 'subresources.kubevirt.io',
  resource: 'virtualmachineinstances/console',
  namespace: 'acceptance',
  name: 'vmi1',
}
const refusal = (code: number, reason: string, message: string): ApiError =>
  new ApiError(consoleRequest, code, { reason, message })

test('waits for a VMI that is not running yet, and for an API server that is away', async () => {
  const answers = [
    refusal(400, 'BadRequest', 'VMI is not running'),
    refusal(503, 'ServiceUnavailable', 'no endpoints available for service "virt-api"'),
    new ConnectionError('connection refused', 'ECONNREFUSED', false, undefined),
  ]
  const { console, open } = setUp({
    program: shell(),
    connect: () => {
      const answer = answers.shift()
      return answer === undefined ? Promise.resolve(console) : Promise.reject(answer)
    },
  })
  await using guest = await open()
  expect(answers).toHaveLength(0)
  expect((await guest.run('true')).exitCode).toBe(0)
})

test('the time to connect ends, with the last answer', async () => {
  const { clock, open } = setUp({
    program: shell(),
    connect: () => Promise.reject(refusal(400, 'BadRequest', 'VMI is not running')),
  })
  const before = await clock.now()
  const error = await problem(open())
  expect(error.kind).toBe('console-unavailable')
  expect(error.message).toMatch(
    /^The console of VMI "acceptance\/vmi1" could not be opened within 10 s \(timeouts\.connect\), \d attempts; the last answer: .*VMI is not running\. Look at the phase/,
  )
  expect((await clock.now()) - before).toBe(10_000)
})

test('a connect that neither succeeds nor fails is given up, and what it yields later is closed', async () => {
  const late = Promise.withResolvers<Duplex>()
  const { console, open } = setUp({ program: shell(), connect: () => late.promise })
  const error = await problem(open())
  expect(error.message).toContain('the last answer: none')
  late.resolve(console)
  await turn()
  expect(console.destroyed).toBe(true)
})

test.each([
  [403, 'Forbidden', 'virtualmachineinstances.subresources.kubevirt.io "vmi1" is forbidden'],
  [404, 'NotFound', 'virtualmachineinstance.kubevirt.io "vmi1" not found'],
  [409, 'Conflict', 'VMI is in failed status'],
])('an answer of %i is final', async (code, reason, message) => {
  let asked = 0
  const { open } = setUp({
    program: shell(),
    connect: () => {
      asked += 1
      return Promise.reject(refusal(code, reason, message))
    },
  })
  const error = await problem(open())
  expect(error.kind).toBe('console-unavailable')
  expect(error.message).toMatch(/^The console of VMI "acceptance\/vmi1" cannot be opened: /)
  expect(error.message).toContain(message)
  expect(asked).toBe(1)
})

test.each([
  ['printf %s "no newline at the end"', 'no newline at the end', 0],
  [`echo 'it'\\''s quoted "twice"' # and commented`, `it's quoted "twice"\n`, 0],
  ['exit 7', '', 7],
  ['cat', '', 0],
  ['echo "several\nlines\tand a tab: é"', 'several\nlines\tand a tab: é\n', 0],
  ['echo "vmi1:~# "; echo "# "; echo "vmi1 login: "', 'vmi1:~# \n# \nvmi1 login: \n', 0],
  [`printf '\\033[1;34mbin\\033[m\\n'`, 'bin\n', 0],
  [`printf 'a\\r\\nb\\n'`, 'a\nb\n', 0],
  ['no-such-command 2>/dev/null', '', 127],
  ['', '', 0],
])('runs %j', async (command, stdout, exitCode) => {
  const { open } = setUp({ program: shell() })
  await using guest = await open()
  expect(await guest.run(command)).toEqual({ command, stdout, exitCode, durationMilliseconds: 0 })
})

test('runs a command of two thousand characters', async () => {
  const { open } = setUp({ program: shell() })
  await using guest = await open()
  expect((await guest.run(`echo ${'x'.repeat(2000)}`)).stdout).toBe(`${'x'.repeat(2000)}\n`)
})

test('a syntax error is a result like any other', async () => {
  const { open } = setUp({ program: shell() })
  await using guest = await open()
  const { exitCode, stdout } = await guest.run('echo "unterminated')
  expect(exitCode).toBe(2)
  expect(stdout).toMatch(/unterminated|unexpected EOF/i)
})

test('bytes that are not UTF-8 become replacement characters and spoil nothing else', async () => {
  const { open } = setUp({ program: shell() })
  await using guest = await open()
  expect((await guest.run(`printf 'a\\377b\\n'`)).stdout).toBe('a\uFFFDb\n')
})

propertyTest.prop([cuts, fc.array(fc.string({ unit: fc.constantFrom(...'@:+0#$> a\n'.split('')) }))], { numRuns: 60 })(
  'output that looks like marks or prompts comes back as it is, however it is cut',
  async (lengths, lines) => {
    const { console, open } = setUp({ program: shell() })
    await using guest = await open()
    const output = `${lines.join('\n')}\n`
    console.cut = randomCuts(lengths)
    console.program = typedBack(output, 5)
    expect(await guest.run('tool')).toMatchObject({ stdout: output, exitCode: 5 })
  },
)

/** Answers one framed command with an output of our choice. */
function typedBack(output: string, exitCode: number, torn = ''): Program {
  return (line, console) => {
    const nonce = /"@@"(\w+):/.exec(line)?.[1] ?? ''
    console.print(
      `${line}\r\n@@${nonce}:+@@\r\n${output.replaceAll('\n', '\r\n')}@@${nonce.slice(0, 3)}${torn}${nonce.slice(3)}:${exitCode}@@\r\n${alpinePrompt}`,
    )
    console.program = shell()
  }
}

test('the echo of a long line, wrapped or scrolled by the line editor, is not taken for output', async () => {
  const { console, open } = setUp({ program: shell() })
  await using guest = await open()
  console.program = (line, far) => {
    far.print(`${line.slice(0, 79)}\r\n${line.slice(79)}\r<${line.slice(-60)}\r`)
    typedBack('the output\n', 0)(line, far)
  }
  expect((await guest.run('tool')).stdout).toBe('the output\n')
})

test('kernel messages are taken out of the output when they are whole lines, and may tear the mark', async () => {
  const { console, open } = setUp({ program: shell() })
  await using guest = await open()
  console.program = typedBack('seq=0\n[   13.222884] async\nseq=1\n', 0, '[   13.300000] another\r\n')
  expect(await guest.run('ping -c 2 host')).toMatchObject({ stdout: 'seq=0\nseq=1\n', exitCode: 0 })
})

test('a command that does not end is interrupted, reported with its output, and the guest stays usable', async () => {
  const { clock, console, open } = setUp({ program: shell() })
  await using guest = await open()
  console.program = (line, far) => {
    const nonce = /"@@"(\w+):/.exec(line)?.[1] ?? ''
    far.print(`${line}\r\n@@${nonce}:+@@\r\n4 packets so far\r\n`)
    far.program = () => undefined
    far.onInterrupt = () => {
      far.program = shell()
      far.print(`^C\r\n${alpinePrompt}`)
    }
  }
  const before = await clock.now()
  const error = await problem(guest.run('ping host', { timeoutMilliseconds: 6500 }))
  expect((await clock.now()) - before).toBe(6500)
  expect(error.kind).toBe('command-timeout')
  expect(error.message).toBe(
    'Command "ping host" on VMI "acceptance/vmi1" did not end within 6.5 s (timeoutMilliseconds of this command); ' +
      'its last output: "4 packets so far". It was sent Ctrl-C and ended. Raise the limit if the command needs longer.',
  )
  expect((await guest.run('echo next')).stdout).toBe('next\n')
})

test('a guest that rebooted during a command is logged in to again before the next one', async () => {
  const { console, open } = setUp({ program: shell() })
  await using guest = await open()
  console.program = (line, far) => {
    const nonce = /"@@"(\w+):/.exec(line)?.[1] ?? ''
    far.print(`${line}\r\n@@${nonce}:+@@\r\nKernel panic - not syncing: sysrq\r\n\r\nWelcome\r\nvmi1 login: `)
    far.program = getty('vmi1', null, shell())
    // Our question after Ctrl-C is what the login prompt gets for a user name: no shell answers it.
    far.program = (_question, next) => {
      next.program = getty('vmi1', null, shell())
      next.print('\r\nvmi1 login: ')
    }
  }
  const error = await problem(guest.run('reboot -f'))
  expect(error.message).toContain('within 30 s (timeouts.command)')
  expect(error.message).toContain('The guest seems to have crashed or rebooted meanwhile.')
  expect(error.message).toContain('and the shell did not come back')
  expect((await guest.run('echo again')).stdout).toBe('again\n')
})

test('a console that drops during a command fails it at once, and is not opened again for it', async () => {
  let connections = 0
  const { clock, console, open } = setUp({
    program: shell(),
    reconnect: true,
    connect: () => {
      connections += 1
      return Promise.resolve(console)
    },
  })
  await using guest = await open()
  console.program = (_line, far) => {
    far.print('rm: ')
    void turn().then(() => far.destroy(new Error('read ECONNRESET')))
  }
  const before = await clock.now()
  const error = await problem(guest.run('rm -rf /data'))
  expect(error.kind).toBe('dropped')
  expect(error.message).toContain(
    'The console of VMI "acceptance/vmi1" dropped (read ECONNRESET) before command "rm -rf /data" had ended; last output: ',
  )
  expect(await clock.now()).toBe(before)
  expect(connections).toBe(1)
})

test.each([true, false])(
  'a console that drops between commands is opened again only if allowed (%s)',
  async (reconnect) => {
    const consoles: FakeConsole[] = []
    const { clock, open } = setUp({
      program: shell(),
      reconnect,
      connect: () => {
        const console = new FakeConsole(clock)
        console.program = getty('vmi1', null, shell())
        consoles.push(console)
        return Promise.resolve(console)
      },
    })
    await using guest = await open()
    consoles[0]?.destroy()
    await turn()
    if (reconnect) {
      expect((await guest.run('echo again')).stdout).toBe('again\n')
      expect(consoles).toHaveLength(2)
    } else {
      const error = await problem(guest.run('echo again'))
      expect(error.kind).toBe('dropped')
      expect(error.message).toContain('had dropped before command "echo again" could be sent')
    }
  },
)

test('commands that are asked for at the same time run one after the other', async () => {
  const { open } = setUp({ program: shell() })
  await using guest = await open()
  const results = await Promise.all(['1', '2', '3'].map((number) => guest.run(`echo ${number}`)))
  expect(results.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n'])
})

test('an aborted command is interrupted in the guest, and the next one finds a shell', async () => {
  const { console, open } = setUp({ program: shell() })
  await using guest = await open()
  console.program = () => undefined
  console.onInterrupt = () => {
    console.program = shell()
    console.print(`^C\r\n${alpinePrompt}`)
  }
  const controller = new AbortController()
  const running = guest.run('sleep 1000', { signal: controller.signal })
  await turn()
  controller.abort(new Error('the run was cancelled'))
  await expect(running).rejects.toThrow('the run was cancelled')
  expect((await guest.run('echo free')).stdout).toBe('free\n')
})

test('a line that no terminal takes is refused before it is sent', async () => {
  const { console, open } = setUp({ program: shell() })
  await using guest = await open()
  const sent = console.lines.length
  const error = await problem(guest.run(`echo ${'x'.repeat(5000)}`))
  expect(error.kind).toBe('framing')
  expect(error.message).toMatch(/makes a line of \d{4} characters; a terminal takes 4000\. Write it to a file/)
  expect(console.lines.length).toBe(sent)
})

test('endless output is an error instead of endless memory', async () => {
  const { console, open } = setUp({ program: shell() })
  await using guest = await open()
  console.program = (line, far) => {
    const nonce = /"@@"(\w+):/.exec(line)?.[1] ?? ''
    far.print(`${line}\r\n@@${nonce}:+@@\r\n`)
    for (let count = 0; count < 17; count += 1) far.print('y\r\n'.repeat(350_000))
    far.onInterrupt = () => (far.program = shell())
  }
  const error = await problem(guest.run('yes'))
  expect(error.kind).toBe('framing')
  expect(error.message).toContain('Command "yes" on VMI "acceptance/vmi1" printed more than 16777216 characters.')
})

test('the transcript has what was sent and received, without secrets', async () => {
  const { open } = setUp({
    program: getty('vmi1', 'fixture-word', shell()),
    login: { style: 'password', user: 'root', password: 'fixture-word' },
    redact: (text) => text.replaceAll('token-123', '(token)'),
  })
  await using guest = await open()
  await guest.run('echo token-123 fixture-word')
  const transcript = guest.transcript()
  expect(transcript).toContain('--- console connected')
  expect(transcript).toContain('>>> "root\\n"')
  expect(transcript).toContain('>>> (a secret)')
  expect(transcript).toContain('vmi1 login: ')
  expect(transcript).toContain('(token) ***')
  expect(transcript).not.toContain('fixture-word')
  expect(transcript).not.toContain('token-123')
})

test('disposing ends what runs and closes the connection', async () => {
  const { console, open } = setUp({ program: shell() })
  const guest = await open()
  console.program = () => undefined
  const error = problem(guest.run('sleep 1000'))
  await turn()
  await guest[Symbol.asyncDispose]()
  expect((await error).kind).toBe('dropped')
  expect(console.destroyed).toBe(true)
  await expect(guest.run('true')).rejects.toThrow('has been closed by us')
})

test('the paths of the subresources', () => {
  expect(consolePath('ns', 'vmi')).toBe(
    '/apis/subresources.kubevirt.io/v1/namespaces/ns/virtualmachineinstances/vmi/console',
  )
  expect(portForwardPath('ns', 'vmi', 22)).toBe(
    '/apis/subresources.kubevirt.io/v1/namespaces/ns/virtualmachineinstances/vmi/portforward/22/tcp',
  )
})
