import { expect, test } from 'vitest'
import type { Clock } from '../../helpers/clock/clock.ts'
import type { Guest } from '../../helpers/guest/guest.ts'
import { readGuestFacts } from './guest-facts.ts'

const answers: Record<string, string | number> = {
  'uname -rv': '5.14.0-391.el9.x86_64+rt #1 SMP PREEMPT_RT Tue Nov 28 20:36:33 UTC 2023',
  'cat /proc/cmdline': 'BOOT_IMAGE=/vmlinuz root=/dev/vda1 isolcpus=managed_irq,domain,2-3 nohz_full=2-3 rcu_nocbs=2-3',
  'cat /sys/kernel/realtime': '1',
  'cat /sys/devices/system/cpu/isolated': '2-3',
  'cat /sys/devices/system/cpu/nohz_full': '2-3',
  'cat /proc/swaps': 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority',
  'tuned-adm active': 'Current active profile: realtime-virtual-guest',
}

/** @param other answers by command: output, or the exit code of one that fails */
async function facts(other: typeof answers = {}) {
  const kept: Record<string, string> = {}
  const guest = {
    vmi: 'ns/vm',
    run: (command: string) => {
      const answer = { ...answers, ...other }[command] ?? 127
      const failed = typeof answer === 'number'
      return Promise.resolve({
        command,
        stdout: failed ? `${command}: failed\n` : `${answer}\n`,
        exitCode: failed ? answer : 0,
        durationMilliseconds: 1,
      })
    },
  } as Partial<Guest> as Guest
  const clock = { now: () => Promise.resolve(0) } as Partial<Clock> as Clock
  const found = readGuestFacts(guest, {
    clock,
    signal: new AbortController().signal,
    keepRawOutput: (name, content) => {
      kept[name] = content
      return Promise.resolve(name)
    },
  })
  const result = await found.catch((error: unknown) => error as Error)
  return { result, kept }
}

test('reads what a tuned realtime guest says', async () => {
  const { result, kept } = await facts()
  expect(result).toEqual({
    kernel: '5.14.0-391.el9.x86_64+rt #1 SMP PREEMPT_RT Tue Nov 28 20:36:33 UTC 2023',
    isRealtimeKernel: true,
    isolatedCpus: [2, 3],
    nohzFullCpus: [2, 3],
    rcuNocbsCpus: [2, 3],
    tunedProfile: 'realtime-virtual-guest',
    swapAreas: 0,
    rawOutput: 'guest.txt',
  })
  expect(kept['guest.txt']).toContain('$ cat /proc/cmdline\nBOOT_IMAGE=/vmlinuz root=/dev/vda1 isolcpus=')
})

test.each<[string, typeof answers, object]>([
  [
    'a kernel without PREEMPT_RT',
    { 'uname -rv': '6.1.0 #1 SMP PREEMPT_DYNAMIC', 'cat /sys/kernel/realtime': 1 },
    { isRealtimeKernel: false },
  ],
  ['a realtime kernel without the file', { 'cat /sys/kernel/realtime': 1 }, { isRealtimeKernel: true }],
  ['a kernel that says it is none', { 'cat /sys/kernel/realtime': '0' }, { isRealtimeKernel: false }],
  [
    'what was asked for at boot and did not come true',
    { 'cat /sys/devices/system/cpu/isolated': '3', 'cat /sys/devices/system/cpu/nohz_full': '(null)' },
    { isolatedCpus: [3], nohzFullCpus: [] },
  ],
  [
    'a kernel that does not list them',
    { 'cat /sys/devices/system/cpu/isolated': 1, 'cat /sys/devices/system/cpu/nohz_full': 1 },
    { isolatedCpus: [2, 3], nohzFullCpus: [2, 3] },
  ],
  [
    'nothing isolated',
    { 'cat /proc/cmdline': 'root=/dev/vda1', 'cat /sys/devices/system/cpu/isolated': '' },
    { isolatedCpus: [], nohzFullCpus: [], rcuNocbsCpus: [] },
  ],
  ['no tuned', { 'tuned-adm active': 127 }, { tunedProfile: null }],
  ['no active profile', { 'tuned-adm active': 'No current active profile.' }, { tunedProfile: null }],
  [
    'swap',
    {
      'cat /proc/swaps':
        'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/vda2 partition 1048572 0 -2\n/swap file 1024 0 -3',
    },
    { swapAreas: 2 },
  ],
])('%s', async (_, other, expected) => {
  expect((await facts(other)).result).toMatchObject(expected)
})

test.each<[string, typeof answers, RegExp]>([
  ['a file that must be there', { 'cat /proc/cmdline': 1 }, /^ns\/vm: cat \/proc\/cmdline ended with exit code 1: "/],
  [
    'a list that is none',
    { 'cat /sys/devices/system/cpu/isolated': '2-x' },
    /^\/sys\/devices\/system\/cpu\/isolated holds "2-x", which is no list of CPUs$/,
  ],
  ['another table', { 'cat /proc/swaps': 'nonsense' }, /^\/proc\/swaps begins with "nonsense", and not with/],
  ['another answer', { 'tuned-adm active': 'Segmentation fault' }, /tuned-adm output: .*"Segmentation fault"/],
])('%s is an error that quotes it, and all answers are kept', async (_, other, message) => {
  const { result, kept } = await facts(other)
  expect((result as Error).message).toMatch(message)
  expect(kept['guest.txt']).toContain('$ uname -rv')
})
