/** What a realtime guest says of itself, and the command lines that measure it. */
import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { formatCpuList, parseCpuList } from './cpu-list.ts'
import { cyclictestCommand } from './cyclictest-command.ts'
import { hwlatdetectCommand } from './hwlatdetect-command.ts'
import { parseKernelCommandLine } from './kernel-command-line.ts'
import { oslatCommand } from './oslat-command.ts'
import { parseTunedActive } from './tuned.ts'

test.each([
  ['2-3', [2, 3]],
  ['0-3,8,10-14:2/4', [0, 1, 2, 3, 8, 10, 11, 14]],
  [' 7,2,2-3\n', [2, 3, 7]],
  ['', []],
  ['0', [0]],
])('the CPU list %j', (text, cpus) => {
  expect(parseCpuList(text)).toEqual(cpus)
})

test('all CPUs and the last one, of a machine whose size is known', () => {
  expect(parseCpuList('all', 4)).toEqual([0, 1, 2, 3])
  expect(parseCpuList('2-N', 4)).toEqual([2, 3])
  expect(() => parseCpuList('2-N')).toThrow('"2-N" stands for the last CPU of a machine whose size is not known')
  expect(() => parseCpuList('all')).toThrow('invalid CPU list "all": "all" stands for all CPUs')
})

test.each(['2-', '-3', '3-2', 'a', '1,,2', '1 2', '2-3:0/4', '2-3:5/4', '1.5', '0-99999', '2-3:1'])(
  'no CPU list: %j',
  (text) => {
    expect(() => parseCpuList(text)).toThrow('invalid CPU list')
  },
)

test('writes CPU lists as the kernel does', () => {
  expect(formatCpuList([3, 2, 8, 2, 10, 11])).toBe('2-3,8,10-11')
  expect(formatCpuList([])).toBe('')
  expect(() => formatCpuList([-1])).toThrow('invalid CPU -1')
})

property.prop([fc.uniqueArray(fc.integer({ min: 0, max: 200 }))])('CPU lists come back', (cpus) => {
  expect(parseCpuList(formatCpuList(cpus))).toEqual(cpus.toSorted((one, other) => one - other))
})

test('reads the command line of a tuned guest', () => {
  const line =
    'BOOT_IMAGE=(hd0,gpt3)/vmlinuz-5.14.0-503.el9.x86_64+rt root=UUID=6f5b ro console=ttyS0,115200n8 skew_tick=1 tsc=reliable ' +
    'rcupdate.rcu_normal_after_boot=1 isolcpus=managed_irq,domain,2-3 intel_pstate=disable nosoftlockup nohz=on ' +
    'nohz_full=2-3 rcu_nocbs=2-3 default_hugepagesz=1G hugepagesz=1G hugepages=4 dyndbg="file drivers/usb/* +p" -- isolcpus=0\r\n'
  const read = parseKernelCommandLine(line)
  expect(read).toMatchObject({
    isolcpus: [2, 3],
    isolcpusFlags: ['managed_irq', 'domain'],
    nohzFull: [2, 3],
    rcuNocbs: [2, 3],
    defaultHugepageSize: '1G',
  })
  expect(read.parameters).toContainEqual({ name: 'nosoftlockup', value: null })
  expect(read.parameters.at(-1)).toEqual({ name: 'dyndbg', value: 'file drivers/usb/* +p' })
  expect(read.parameters[1]).toEqual({ name: 'root', value: 'UUID=6f5b' })
})

test.each([
  ['console=ttyS0 quiet', { isolcpus: [], isolcpusFlags: [], nohzFull: [], rcuNocbs: [], defaultHugepageSize: null }],
  ['isolcpus=2-3', { isolcpus: [2, 3], isolcpusFlags: ['domain'] }],
  // Kept from managed interrupts, but the scheduler still uses them.
  ['isolcpus=managed_irq,2-3', { isolcpus: [], isolcpusFlags: ['managed_irq'] }],
  ['nohz-full=1', { nohzFull: [1], rcuNocbs: [1] }],
  ['rcu_nocbs', { rcuNocbs: [] }],
  ['rcu_nocbs=all nohz_full=2-N', { rcuNocbs: [0, 1, 2, 3], nohzFull: [2, 3] }],
  ['"isolcpus=2,3"', { isolcpus: [2, 3] }],
  ['isolcpus="2,3"', { isolcpus: [2, 3] }],
])('the kernel command line %j', (line, expected) => {
  expect(parseKernelCommandLine(line, 4)).toMatchObject(expected)
})

test.each([
  ['', '/proc/cmdline output: it is empty'],
  [
    'isolcpus=2-x quiet',
    'isolcpus: invalid CPU list "2-x": "2-x" is neither a CPU nor a range of CPUs, in line 1: "isolcpus=2-x quiet"',
  ],
  ['quiet\nro', 'it has more than one line, in line 2: "ro"'],
])('no kernel command line: %j', (line, message) => {
  expect(() => parseKernelCommandLine(line)).toThrow(message)
})

test.each([
  ['Current active profile: realtime-virtual-guest\n', 'realtime-virtual-guest'],
  ['Current active profile: realtime-virtual-guest my-own\r\n', 'realtime-virtual-guest my-own'],
  ['Current active profile: balanced\nCurrent post-loaded profile: extra\n', 'balanced'],
  ['No current active profile.\n', null],
  ['Cannot talk to TuneD daemon via DBus. Is TuneD daemon running?\nNo current active profile.\n', null],
  ['Cannot talk to Tuned daemon via DBus. Is Tuned daemon running?\n', null],
  [
    'Cannot talk to TuneD daemon via DBus. Is TuneD daemon running?\nIt seems that tuned daemon is not running, preset profile is not activated.\nPreset profile: realtime-virtual-guest\n',
    null,
  ],
])('tuned-adm active: %j', (output, profile) => {
  expect(parseTunedActive(output)).toBe(profile)
})

test.each([
  ['', 'it ends before the active profile'],
  ['Current active profile:\n', 'line 1: "Current active profile:"'],
  ['bash: tuned-adm: command not found\n', 'line 1: "bash: tuned-adm: command not found"'],
  ['Current active profile: a\nTraceback (most recent call last):\n', 'more than which profile is active, in line 2'],
])('no answer of tuned-adm: %j', (output, message) => {
  expect(() => parseTunedActive(output)).toThrow(message)
})

const oslat = {
  cpuList: '2-3',
  rtPriority: 1,
  durationSeconds: 300,
  workload: 'memmove',
  workloadMemory: '4K',
} as const

test('the documented oslat, with a duration that it understands', () => {
  expect(oslatCommand(oslat)).toBe(
    'taskset -c 2-3 oslat --cpu-list 2-3 --rtprio 1 --duration 300s --workload memmove --workload-mem 4K',
  )
  expect(
    oslatCommand({
      ...oslat,
      cpuList: '5,2,3',
      durationSeconds: 43_200,
      buckets: 64,
      jsonFile: 'my file.json',
      quiet: true,
      bias: true,
      zeroOmit: true,
      mainThreadCpu: 1,
    }),
  ).toBe(
    "taskset -c 2-3,5 oslat --cpu-list 2-3,5 --rtprio 1 --duration 43200s --workload memmove --workload-mem 4K --bucket-size 64 --cpu-main-thread 1 --bias --zero-omit --quiet '--json=my file.json'",
  )
})

test.each([
  [{ durationSeconds: 0 }, 'invalid oslat durationSeconds 0: expected a whole number from 1 to 2147483647'],
  [{ durationSeconds: 1.5 }, 'invalid oslat durationSeconds 1.5'],
  [{ durationSeconds: 2 ** 31 }, 'invalid oslat durationSeconds 2147483648'],
  [{ rtPriority: 100 }, 'invalid oslat rtPriority 100: expected a whole number from 1 to 99'],
  [{ buckets: 4 }, 'invalid oslat buckets 4: expected a whole number from 5 to 1024'],
  [{ cpuList: '' }, 'oslat needs at least one CPU'],
  [{ cpuList: '2;reboot' }, 'invalid CPU list'],
  [{ workloadMemory: '4KB' }, 'invalid oslat workloadMemory "4KB"'],
])('oslat would not understand %j', (wrong, message) => {
  expect(() => oslatCommand({ ...oslat, ...wrong })).toThrow(message)
})

test('cyclictest and hwlatdetect', () => {
  const cyclictest = { cpuList: '2-3', rtPriority: 95, durationSeconds: 60, intervalMicroseconds: 1000 }
  expect(cyclictestCommand(cyclictest)).toBe('cyclictest -q -m -p 95 -a 2-3 -t 2 -i 1000 -D 60s')
  expect(cyclictestCommand({ ...cyclictest, histogramMicroseconds: 100, jsonFile: 'c.json' })).toBe(
    'cyclictest -q -m -p 95 -a 2-3 -t 2 -i 1000 -D 60s -h 100 --json=c.json',
  )
  expect(() => cyclictestCommand({ ...cyclictest, intervalMicroseconds: 0 })).toThrow(
    'invalid cyclictest intervalMicro',
  )
  expect(hwlatdetectCommand({ durationSeconds: 60, thresholdMicroseconds: 10 })).toBe(
    'hwlatdetect --duration=60s --threshold=10us',
  )
  expect(hwlatdetectCommand({ durationSeconds: 60, thresholdMicroseconds: 10, cpuList: '3,2' })).toContain(
    ' --cpu-list=2-3',
  )
  expect(() => hwlatdetectCommand({ durationSeconds: 0.5, thresholdMicroseconds: 10 })).toThrow('durationSeconds 0.5')
})
