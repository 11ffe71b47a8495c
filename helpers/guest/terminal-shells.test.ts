/** The console driver against real shells with their real line editors, on a pseudo-terminal of this machine. */
import { spawn, spawnSync } from 'node:child_process'
import { userInfo } from 'node:os'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { wallClock } from '../clock/wall-clock.ts'
import { openConsoleGuest } from './console-guest.ts'

const isInstalled = (program: string): boolean => spawnSync(program, ['-c', ':']).error === undefined
/** Of util-linux: gives a program a terminal. Where it is missing, or the shell is, the test is left out. */
const terminalProgram = 'script'
const shells = [
  ['bash', 'bash --norc --noprofile', 'vt220'],
  ['bash', 'bash --norc --noprofile', 'dumb'],
  ['dash', 'dash -i', 'vt220'],
  ['busybox', 'busybox sh -i', 'vt220'],
] as const
const canTry = (program: string): boolean =>
  process.platform === 'linux' && spawnSync(terminalProgram, ['--version']).error === undefined && isInstalled(program)

for (const [program, shell, terminal] of shells)
  test.skipIf(!canTry(program))(`drives ${program} on a terminal of type ${terminal}`, async () => {
    const child = spawn(terminalProgram, ['-qc', shell, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, TERM: terminal, PS1: 'localhost:~# ' },
    })
    const closed = new Promise((resolve) => child.once('close', resolve))
    {
      await using guest = await openConsoleGuest({
        vmi: 'acceptance/vmi1',
        connect: () => Promise.resolve(Duplex.from({ readable: child.stdout, writable: child.stdin })),
        login: { style: 'password', user: userInfo().username, password: 'not needed' },
        hostNames: ['localhost'],
        clock: wallClock,
        timeouts: { connect: 5000, login: 30_000, command: 30_000 },
        signal: new AbortController().signal,
      })
      const run = async (command: string) => {
        const { exitCode, stdout } = await guest.run(command)
        return [stdout, exitCode]
      }
      expect(await run(`echo 'it'\\''s !quoted' # with a comment`)).toEqual([`it's !quoted\n`, 0])
      expect(await run('printf "no newline"; exit 7')).toEqual(['no newline', 7])
      expect(await run('echo "two\nlines\tand a tab: é"')).toEqual(['two\nlines\tand a tab: é\n', 0])
      expect(await run(`echo ${'x'.repeat(1500)} | wc -c`)).toEqual(['1501\n', 0])
      expect(await run('cat; echo "# "')).toEqual(['# \n', 0])
      const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('')
      expect(await run('seq 1 20000')).toEqual([numbers, 0])
      await expect(guest.run('echo begun; sleep 1000', { timeoutMilliseconds: 500 })).rejects.toThrow(
        'its last output: "begun". It was sent Ctrl-C and ended.',
      )
      expect(await run('echo usable')).toEqual(['usable\n', 0])
    }
    // Losing its terminal ends the shell.
    child.kill('SIGKILL')
    await closed
  })
