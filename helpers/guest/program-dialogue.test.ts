import { readFileSync } from 'node:fs'
import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import type { GuestError } from './guest-error.ts'
import { type FakeConsole, problem, randomCuts, setUp, shell, type Program } from './testing/fake-console.ts'

const prompt = 'testpmd> '
const command =
  'dpdk-testpmd --lcores 0@2-3,1@4,2@5,3@6,4@7 -a 0000:06:00.0 -a 0000:07:00.0 --socket-mem 1024 --huge-dir /mnt/huge -- ' +
  '-i --nb-cores=4 --rxd=2048 --txd=2048 --rxq=4 --txq=4 --forward-mode=mac --eth-peer=0,50:00:00:00:00:01 --eth-peer=1,50:00:00:00:00:02'
const bashPrompt = '\u001B[?2004h[root@vmi1 ~]# '
const pasteOff = '\u001B[?2004l\r'

interface Far {
  console: FakeConsole
  /** Ends the program; the shell has the terminal again. */
  exit: (code: number) => void
}

/** A shell in which the command line above starts `program`; the first call is for the start itself, with no line. */
function shellWith(program: (line: string | null, far: Far) => void): Program {
  const atShell = shell(bashPrompt)
  return (line, console) => {
    if (!line.includes('dpdk-testpmd')) return atShell(line, console)
    const nonce = /@@"(\w+):/.exec(line)?.[1] ?? ''
    const far: Far = {
      console,
      exit: (code) => {
        console.program = shellWith(program)
        console.print(`@@${nonce}:${code}@@\r\n${bashPrompt}`)
      },
    }
    console.print(`${line}\r\n${pasteOff}@@${nonce}:+@@\r\n`)
    console.program = (typed) => program(typed, far)
    program(null, far)
  }
}

/** Answers lines as testpmd does: its own echo, then what `answers` says. */
function testpmd(answers: Record<string, string> = {}): (line: string | null, far: Far) => void {
  return (line, { console, exit }) => {
    if (line === null) console.print(`EAL: Detected CPU lcores: 8\r\nDone\r\n${prompt}`)
    else if (line === 'quit') {
      console.print('quit\r\r\n\r\nBye...\r\n')
      exit(0)
    } else console.print(`${line}\r\r\n${answers[line] ?? 'Command not found\r\n'}${prompt}`)
  }
}

const capture = (() => {
  const text = readFileSync(new URL('testdata/dpdk-mq-session.raw', import.meta.url), 'latin1')
  const start = text.indexOf('dpdk-testpmd')
  const session = text.slice(text.indexOf('\n', start) + 1, text.indexOf('Bye...\r\n') + 'Bye...\r\n'.length)
  const [banner = '', ...answers] = session.split(prompt)
  return { banner, answers, lines: answers.map((answer) => answer.slice(0, answer.indexOf('\r'))) }
})()
const withoutReturns = (text: string): string => text.replaceAll('\r', '')

propertyTest.prop([fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 })], { numRuns: 30 })(
  'plays a captured testpmd session however it is cut into frames',
  async (lengths) => {
    expect(capture.lines).toEqual([
      'start',
      'show fwd stats all',
      'show port stats all',
      'clear fwd stats all',
      'show fwd stats all',
      'stop',
      'quit',
    ])
    const rest = [...capture.answers]
    const { console, open } = setUp({
      program: shellWith((line, far) => {
        if (line === null) return far.console.print(`${capture.banner}${prompt}`)
        const answer = rest.shift() ?? ''
        far.console.print(rest.length > 0 ? `${answer}${prompt}` : answer)
        if (rest.length === 0) far.exit(0)
      }),
      prepare: (far) => (far.cut = randomCuts(lengths)),
    })
    await using guest = await open()
    await using program = await guest.start(command, { prompt })
    expect(program.banner).toBe(withoutReturns(capture.banner))
    for (const [index, line] of capture.lines.entries()) {
      const printed = withoutReturns(capture.answers[index] ?? '')
      expect(await program.send(line)).toBe(printed.slice(line.length + 1))
    }
    expect(console.interrupts).toBe(0)
    expect(await guest.run('echo hello; exit 3')).toMatchObject({ stdout: 'hello\n', exitCode: 3 })
  },
)

test('types the command as one line, whatever it needs quoted, and with the terminal as its input', async () => {
  const { console, open } = setUp({ program: shellWith(testpmd()) })
  await using guest = await open()
  await using program = await guest.start(command, { prompt })
  expect(program.banner).toBe('EAL: Detected CPU lcores: 8\nDone\n')
  const line = console.lines.find((each) => each.includes('dpdk-testpmd'))
  expect(line).toMatch(/^echo "@@"\w+:\+@@; sh -c 'dpdk-testpmd [^']*'; echo "@@"\w+:\$\?@@$/)
  expect(line).not.toContain('/dev/null')
})

test('takes a prompt within the output for output, also at the end of a frame', async () => {
  const { console, open } = setUp({
    program: shellWith(testpmd({ help: `type at\r\n${prompt}` })),
    prepare: (far) => (far.cut = (text) => text.split(/(?<=testpmd> )/)),
  })
  await using guest = await open()
  await using program = await guest.start(command, { prompt })
  expect(await program.send('help')).toBe(`type at\n${prompt}`)
  expect(await program.send('nonsense')).toBe('Command not found\n')
  expect(console.lines.at(-1)).toBe('nonsense')
})

test('sees a prompt although kernel messages land behind it, in it and in the output', async () => {
  const { open } = setUp({
    program: shellWith(
      testpmd({
        one: 'RX-packets: 12[   57.032729] rcu: stall\r\n34\r\n',
        two: 'done\r\n',
      }),
    ),
    prepare: (far) => {
      const print = far.print.bind(far)
      far.print = (text) =>
        print(
          typeof text === 'string' && text.includes('two\r\r\n')
            ? `${text.slice(0, -4)}[   58.1] no\r\n[   58.100000] mce: error\r\n${text.slice(-4)}[   58.200000] late\r\n`.replace(
                '[   58.1] no\r\n',
                '',
              )
            : text,
        )
    },
  })
  await using guest = await open()
  await using program = await guest.start(command, { prompt })
  expect(await program.send('one')).toBe('RX-packets: 1234\n')
  expect(await program.send('two')).toBe('done\n')
})

test('takes the echo away that a line editor has wrapped and redrawn', async () => {
  const long = `set fwd mac ${'x'.repeat(60)}`
  const { open } = setUp({
    program: shellWith((line, { console }) => {
      if (line === null) return console.print(prompt)
      const wrapped = line.replaceAll(/.{20}/g, '$& \r')
      console.print(`\u001B[1m${wrapped}\u001B[0m\r\r\n${line} was it\r\n${prompt}`)
    }),
  })
  await using guest = await open()
  await using program = await guest.start(command, { prompt })
  expect(await program.send(long)).toBe(`${long} was it\n`)
})

test('leaves what it cannot tell to be an echo', async () => {
  const { open } = setUp({
    program: shellWith((line, { console }) => console.print(line === null ? prompt : `no echo here\r\n${prompt}`)),
  })
  await using guest = await open()
  await using program = await guest.start(command, { prompt })
  expect(await program.send('start')).toBe('no echo here\n')
})

test('a program that ends before its prompt is an error with what it printed', async () => {
  const { console, open } = setUp({
    program: shellWith((_line, far) => {
      far.console.print('EAL: Not enough memory available on socket 0! Requested: 1024MB, available: 192MB\r\n')
      far.exit(1)
    }),
  })
  await using guest = await open()
  const error = await problem(guest.start(command, { prompt }))
  expect(error.kind).toBe('program-ended')
  expect(error.message).toBe(
    `Program "${command.slice(0, 117)}..." on VMI "acceptance/vmi1" ended with exit code 1 before it showed its prompt "testpmd> "; ` +
      'its output: "EAL: Not enough memory available on socket 0! Requested: 1024MB, available: 192MB". Look there for the reason; the transcript has all of it.',
  )
  expect(console.interrupts).toBe(0)
  expect((await guest.run('echo usable')).stdout).toBe('usable\n')
})

test('a program that crashes on a line is an error, and so is every line after it', async () => {
  const { open } = setUp({
    program: shellWith((line, far) => {
      if (line === null) return far.console.print(prompt)
      far.console.print('start\r\r\nSegmentation fault\r\n')
      far.exit(139)
    }),
  })
  await using guest = await open()
  await using program = await guest.start('dpdk-testpmd', { prompt })
  const error = await problem(program.send('start'))
  expect(error).toMatchObject({ kind: 'program-ended' })
  expect(error.message).toContain('ended with exit code 139 after "start"; its output: "Segmentation fault"')
  expect((await problem(program.send('stop'))).message).toContain(
    'Program "dpdk-testpmd" on VMI "acceptance/vmi1" had ended with exit code 139 before "stop" was sent',
  )
  expect((await guest.run('echo usable')).stdout).toBe('usable\n')
})

test('while a program has the console, a command is an error; afterwards it runs', async () => {
  const { open } = setUp({ program: shellWith(testpmd()) })
  await using guest = await open()
  await using program = await guest.start('dpdk-testpmd', { prompt })
  for (const work of [guest.run('id'), guest.start('dpdk-testpmd', { prompt })]) {
    const error = await problem(work)
    expect(error.kind).toBe('busy')
    expect(error.message).toMatch(
      /^Command "(id|dpdk-testpmd)" cannot run on VMI "acceptance\/vmi1" now: program "dpdk-testpmd" has its console\. Run it before .* use SSH, where both can run\.$/,
    )
  }
  expect(await program.send('quit')).toBe('\nBye...\n')
  expect((await guest.run('echo usable')).stdout).toBe('usable\n')
  expect((await problem(program.send('start'))).message).toContain('had ended with exit code 0 before "start" was sent')
})

test.each([
  ['prompt', 'did not show its prompt within 30 s (timeouts.command); its last output: "EAL: Probing". Raise'],
  ['own limit', 'did not show its prompt within 5 s (timeoutMilliseconds of this command); its last output'],
])('a program that does not get to its prompt is a time-out (%s), and is interrupted', async (which, message) => {
  const { console, open } = setUp({
    program: shellWith((line, { console: far }) => {
      if (line === null) far.print('EAL: Probing\r\n')
    }),
    prepare: (far) => {
      far.onInterrupt = () => {
        far.program = shell(bashPrompt)
        far.print(`^C\r\n${bashPrompt}`)
      }
    },
  })
  await using guest = await open()
  const error = await problem(
    guest.start('dpdk-testpmd', { prompt, ...(which === 'own limit' ? { timeoutMilliseconds: 5000 } : {}) }),
  )
  expect(error.kind).toBe('command-timeout')
  expect(error.message).toContain(message)
  expect(console.interrupts).toBe(1)
  expect((await guest.run('echo usable')).stdout).toBe('usable\n')
})

test('a line without an answer is a time-out, and no later line gets its answer', async () => {
  const { clock, console, open } = setUp({
    program: shellWith((line, far) => {
      if (line === null) far.console.print(prompt)
      else if (line === 'slow') {
        far.console.print('slow\r\r\n')
        void far.console.clock.sleep(20_000).then(() => far.console.print(`late\r\n${prompt}`))
      }
    }),
    prepare: (far) => {
      far.onInterrupt = () => {
        far.program = shell(bashPrompt)
        far.print(`^C\r\n${bashPrompt}`)
      }
    },
  })
  await using guest = await open()
  {
    await using program = await guest.start('dpdk-testpmd', { prompt })
    const error = await problem(program.send('slow', { timeoutMilliseconds: 10_000 }))
    expect(error.kind).toBe('command-timeout')
    expect(error.message).toContain('its prompt after "slow" within 10 s (timeoutMilliseconds of this line)')
    await clock.sleep(20_000)
    expect((await problem(program.send('next'))).message).toContain(
      'takes no more lines, so "next" was not sent: it had not answered in time before. Start it again.',
    )
    expect(console.lines).not.toContain('next')
  }
  expect((await guest.run('echo usable')).stdout).toBe('usable\n')
})

test('a console that drops is an error of its own', async () => {
  const { open } = setUp({
    program: shellWith((line, { console }) => {
      if (line === null) console.print(prompt)
      else console.destroy(new Error('read ECONNRESET'))
    }),
  })
  await using guest = await open()
  await using program = await guest.start('dpdk-testpmd', { prompt })
  const error = await problem(program.send('start'))
  expect(error.kind).toBe('dropped')
  expect(error.message).toContain(
    'The console of VMI "acceptance/vmi1" dropped (read ECONNRESET) before program "dpdk-testpmd" had shown its prompt after "start"',
  )
  expect((await problem(program.send('stop'))).message).toContain('its connection dropped')
})

test('disposing interrupts the program and wins the shell back', async () => {
  const { console, open } = setUp({
    program: shellWith(testpmd()),
    prepare: (far) => {
      far.onInterrupt = () => {
        far.program = shell(bashPrompt)
        far.print(`\r\nSignal 2 received, preparing to exit...\r\n\r\nBye...\r\n${bashPrompt}`)
      }
    },
  })
  await using guest = await open()
  const program = await guest.start('dpdk-testpmd', { prompt })
  await program[Symbol.asyncDispose]()
  await program[Symbol.asyncDispose]()
  expect(console.interrupts).toBe(1)
  expect((await problem(program.send('start'))).message).toContain('it was closed by us')
  expect(await guest.run('echo usable')).toMatchObject({ stdout: 'usable\n', exitCode: 0 })
})

test('a program for which Ctrl-C is but a key gets the end of its input', async () => {
  const { console, open } = setUp({
    program: shellWith((line, far) => {
      if (line === null) far.console.print(prompt)
      else if (line.includes('\u0004')) {
        far.exit(0)
        far.console.program(line.replaceAll('\u0004', ''), far.console)
      } else far.console.print(`${line}\r\r\nCommand not found\r\n${prompt}`)
    }),
    prepare: (far) => (far.onInterrupt = () => far.print(`\r\n${prompt}`)),
  })
  await using guest = await open()
  {
    await using program = await guest.start('dpdk-testpmd', { prompt })
    expect(program.banner).toBe('')
  }
  expect(console.interrupts).toBe(1)
  expect(await guest.run('echo usable')).toMatchObject({ stdout: 'usable\n', exitCode: 0 })
})

test('giving up waiting rejects with the reason; the program takes no more lines', async () => {
  const { open } = setUp({
    program: shellWith((line, { console }) => {
      if (line === null) console.print(prompt)
    }),
    prepare: (far) => (far.onInterrupt = () => (far.program = shell(bashPrompt))),
  })
  await using guest = await open()
  await using program = await guest.start('dpdk-testpmd', { prompt })
  const given = new AbortController()
  const sending = program.send('start', { signal: given.signal })
  given.abort(new Error('not any more'))
  await expect(sending).rejects.toThrow('not any more')
  expect((await problem(program.send('stop'))).message).toContain('waiting for it was given up')
})

test('lines are sent one after the other', async () => {
  const { open } = setUp({ program: shellWith(testpmd({ one: '1\r\n', two: '2\r\n' })) })
  await using guest = await open()
  await using program = await guest.start('dpdk-testpmd', { prompt })
  expect(await Promise.all([program.send('one'), program.send('two')])).toEqual(['1\n', '2\n'])
})

test('lines that are none, or are too long, are refused and nothing is sent', async () => {
  const { open } = setUp({ program: shellWith(testpmd({ one: '1\r\n' })) })
  await using guest = await open()
  await using program = await guest.start('dpdk-testpmd', { prompt })
  await expect(program.send('one\ntwo')).rejects.toThrow(
    'A line for program "dpdk-testpmd" must not hold a line end: "one\\ntwo"',
  )
  const error: GuestError = await problem(program.send('x'.repeat(4001)))
  expect(error.message).toContain('A line of 4001 characters for program "dpdk-testpmd"')
  expect(await program.send('one')).toBe('1\n')
})
