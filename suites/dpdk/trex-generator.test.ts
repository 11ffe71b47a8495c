import { expect, test } from 'vitest'
import type { CommandResult, Guest } from '../../helpers/guest/guest.ts'
import { wallClock } from '../../helpers/clock/wall-clock.ts'
import { difference } from './cleared-counters.ts'
import { TrexGenerator } from './trex-generator.ts'

/** Answers commands by what they contain; the last matching entry wins. */
function guestThat(answers: [contains: string, stdout: string, exitCode?: number][]): Guest & { commands: string[] } {
  const commands: string[] = []
  return {
    vmi: 'acceptance/generator',
    channel: 'console',
    commands,
    run: (command): Promise<CommandResult> => {
      commands.push(command)
      const [, stdout = '', exitCode = 0] = answers.find(([contains]) => command.includes(contains)) ?? []
      return Promise.resolve({ command, stdout, exitCode, durationMilliseconds: 1 })
    },
    start: () => Promise.reject(new Error('nothing is started')),
    transcript: () => '',
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
const generatorOn = (guest: Guest) =>
  new TrexGenerator({ guest, clock: wallClock, signal: new AbortController().signal })
const transmission = {
  direction: 'west-to-east',
  packetsPerSecond: 8_000_000,
  frameBytes: 64,
  durationSeconds: 300,
} as const

test('is prepared as soon as the console is answered', async () => {
  const guest = guestThat([['help', 'Console Commands:\n']])
  await generatorOn(guest).prepare()
  expect(guest.commands).toEqual(['systemctl start trex.service', 'cd /opt/trex && echo "help" | ./trex-console'])
})

test('a service that does not start is told with what systemctl said', async () => {
  const guest = guestThat([['systemctl', 'Unit trex.service not found.', 5]])
  await expect(generatorOn(guest).prepare()).rejects.toThrow(
    /TRex service of VMI "acceptance\/generator" does not start: .*exit code 5.*Unit trex\.service not found.*journalctl/,
  )
})

test('traffic to the east is sent from port 1, with the file of its streams and whole seconds', async () => {
  const guest = guestThat([['start -f', 'Starting traffic on port(s) [1._]:          [SUCCESS]\n']])
  await generatorOn(guest).transmit(transmission)
  expect(guest.commands).toEqual([
    'cd /opt/trex && echo "start -f /opt/tests/testpmd_west.py -m 8mpps -p 1 -d 300" | ./trex-console',
  ])
})

test('a rate beyond the port is refused with the words of TRex', async () => {
  const output = [
    'Starting traffic on port(s) [1._]:          [FAILED]',
    '',
    "start - Port 1 : *** Expected L1 B/W: '13.44 Gbps' exceeds port line rate: '10 Gbps'",
    '',
  ].join('\n')
  await expect(generatorOn(guestThat([['start -f', output]])).transmit(transmission)).rejects.toThrow('13.44 Gbps')
})

test('counters are refused before they were cleared, and when they went back', async () => {
  await expect(generatorOn(guestThat([])).counters()).rejects.toThrow('before they were cleared')
  const counted = { opackets: 5, ipackets: 5, oerrors: 0, ierrors: 0, obytes: 1, ibytes: 1 }
  expect(difference({ ...counted, opackets: 9 }, counted).opackets).toBe(4)
  expect(() => difference({ ...counted, opackets: 4 }, counted)).toThrow(/opackets .* from 5 to 4.*restarted/)
})
