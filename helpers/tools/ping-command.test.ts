import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { pingCommand } from './ping-command.ts'
import { quote } from './shell-quote.ts'

test.each([
  [{ family: 'busybox', destination: '192.168.100.20', until: { count: 6 } }, 'busybox ping -c 6 192.168.100.20'],
  [
    {
      family: 'iputils',
      destination: 'fe80::1%eth0',
      until: { count: 100 },
      intervalMilliseconds: 50,
      replyTimeoutSeconds: 2,
      payloadBytes: 1400,
      from: 'eth0',
      quiet: true,
    },
    'ping -n -q -c 100 -i 0.05 -W 2 -s 1400 -I eth0 fe80::1%eth0',
  ],
  [{ family: 'auto', destination: 'fd00::2', until: { deadlineSeconds: 5 } }, 'ping -w 5 fd00::2'],
  [
    { family: 'auto', destination: '10.0.0.2', until: { count: 1 }, intervalMilliseconds: 0.001 },
    'ping -c 1 -i 0.000001 10.0.0.2',
  ],
  [
    { family: 'auto', destination: '10.0.0.2', until: { count: 1 }, intervalMilliseconds: 10_000 },
    'ping -c 1 -i 10 10.0.0.2',
  ],
  [
    { family: 'auto', destination: '10.0.0.2', until: { count: 1 }, from: "eth0'; reboot" },
    `ping -c 1 -I 'eth0'\\''; reboot' 10.0.0.2`,
  ],
] as const)('%j', (options, command) => {
  expect(pingCommand(options)).toBe(command)
})

test.each([
  [{ destination: '-c1' }, 'invalid ping destination "-c1": expected an IPv4 or IPv6 address'],
  [{ destination: '10.0.0.2; reboot' }, 'invalid ping destination "10.0.0.2; reboot"'],
  [{ destination: 'fe80::1%$(reboot)' }, 'invalid ping destination'],
  [{ until: { count: 0 } }, 'invalid ping count 0: expected a whole number from 1'],
  [{ until: { deadlineSeconds: 0 } }, 'invalid ping deadlineSeconds 0'],
  [{ until: { count: 1.5 } }, 'invalid ping count 1.5'],
  [{ intervalMilliseconds: 0 }, 'invalid ping interval 0ms'],
  [{ intervalMilliseconds: Number.NaN }, 'invalid ping interval NaNms'],
  [{ from: '-f' }, 'invalid ping source "-f"'],
])('refuses %j', (options, message) => {
  expect(() => pingCommand({ family: 'auto', destination: '10.0.0.2', until: { count: 1 }, ...options })).toThrow(
    message,
  )
})

property.prop(
  [
    fc.array(
      fc.string().filter((text) => !text.includes('\0')),
      { minLength: 1, maxLength: 5 },
    ),
  ],
  { numRuns: 20 },
)('a shell gives back every word as it was', (words) => {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(quote).join(' ')}`], { encoding: 'utf8' })
  expect(printed.split('\0').slice(0, -1)).toEqual(words)
})
