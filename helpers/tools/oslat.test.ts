import { readdirSync, readFileSync } from 'node:fs'
import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { oslatDisagreements, parseOslatJson } from './oslat-json.ts'
import { parseOslatText } from './oslat.ts'
import { oslatJson, oslatText, type OslatRun } from './testing/oslat-printer.ts'
import { refusal } from './testing/refusal.ts'
import { ToolOutputError } from './tool-output.ts'

const folder = new URL('testdata/oslat/', import.meta.url)
/** What stands before and behind the exit code that the shell printed after oslat. */
const capture = (name: string) => readFileSync(new URL(name, folder), 'utf8').split(/^rc=\d+$/m)
const text = (name: string) => capture(name)[0]!

/** Minimum, average, maximum and overflows of each CPU. */
const read: Record<string, { seconds: number | null; cpus: Record<number, [number, number, number, number]> }> = {
  'all-cpus-3s.txt': {
    seconds: 3,
    cpus: {
      0: [1, 1.114, 52_001, 1010],
      1: [1, 1.255, 30_211, 824],
      2: [1, 1.098, 44_039, 925],
      3: [1, 1.333, 47_348, 801],
    },
  },
  'bucket-size-64-width-5s.txt': { seconds: 5, cpus: { 2: [1, 1.016, 55_801, 848], 3: [1, 1.016, 20_109, 925] } },
  'checkup-cmd-10s.txt': { seconds: 10, cpus: { 2: [2, 2.826, 740_608, 2452], 3: [2, 2.752, 655_602, 1957] } },
  'default-workload-5s.txt': { seconds: 5, cpus: { 2: [1, 1.022, 27_949, 3235], 3: [1, 1.022, 16_799, 2855] } },
  'err-taskset-mismatch.txt': { seconds: 2, cpus: { 2: [1, 1.024, 12_485, 859], 3: [1, 1.025, 14_005, 1007] } },
  'go-duration-1h30m0s.txt': { seconds: 3600, cpus: { 2: [1, 1.041, 11_070, 1569], 3: [1, 1.039, 11_756, 1914] } },
  'go-duration-1m5s-TRUNCATED-TO-60s.txt': {
    seconds: 60,
    cpus: { 2: [1, 1.034, 21_363, 1844], 3: [1, 1.033, 15_182, 1418] },
  },
  'go-duration-5m0s.txt': { seconds: 300, cpus: { 2: [1, 1.053, 69_726, 1688], 3: [1, 1.043, 14_903, 1645] } },
  'json-5s.txt': { seconds: null, cpus: { 2: [1, 1.02, 52_899, 3329], 3: [1, 1.019, 54_164, 2229] } },
  'one-cpu-5s.txt': { seconds: 5, cpus: { 3: [1, 1.023, 646_741, 178] } },
  'quiet-5s.txt': { seconds: null, cpus: { 2: [1, 1.018, 45_940, 2636], 3: [1, 1.018, 42_387, 2661] } },
  'rtkernel-bias-5s.txt': { seconds: 5, cpus: { 2: [1, 2.025, 17_515, 3456], 3: [1, 2.021, 22_443, 1679] } },
  'rtkernel-bucket-size-64-width-5s.txt': {
    seconds: 5,
    cpus: { 2: [1, 1.019, 15_918, 959], 3: [1, 1.056, 15_877, 1170] },
  },
  'rtkernel-default-workload-5s.txt': {
    seconds: 5,
    cpus: { 2: [1, 1.038, 27_174, 2649], 3: [1, 1.043, 94_428, 3362] },
  },
  'rtkernel-go-duration-1h30m0s.txt': {
    seconds: 3600,
    cpus: { 2: [1, 1.058, 32_255, 1299], 3: [1, 1.067, 34_422, 1787] },
  },
  'rtkernel-go-duration-1m5s-TRUNCATED-TO-60s.txt': {
    seconds: 60,
    cpus: { 2: [1, 1.04, 23_718, 1616], 3: [1, 1.045, 27_845, 1778] },
  },
  'rtkernel-json-5s.txt': { seconds: null, cpus: { 2: [1, 1.021, 28_633, 2673], 3: [1, 1.02, 19_802, 2604] } },
  'rtkernel-one-cpu-5s.txt': { seconds: 5, cpus: { 3: [1, 1.021, 865_964, 40] } },
  'rtkernel-quiet-5s.txt': { seconds: null, cpus: { 2: [1, 1.019, 58_027, 2885], 3: [1, 1.018, 19_351, 2660] } },
  'rtkernel-single-preheat-5s.txt': {
    seconds: 5,
    cpus: { 2: [1, 1.052, 25_683, 2734], 3: [1, 1.054, 26_141, 3645] },
  },
  'rtkernel-zero-omit-5s.txt': { seconds: 5, cpus: { 2: [1, 1.022, 55_331, 2986], 3: [1, 1.02, 73_515, 2618] } },
  'single-preheat-5s.txt': { seconds: 5, cpus: { 2: [1, 1.021, 50_871, 2867], 3: [1, 1.02, 51_262, 2453] } },
  'zero-omit-5s.txt': { seconds: 5, cpus: { 2: [1, 1.017, 46_560, 2521], 3: [1, 1.017, 29_818, 2697] } },
}

const illegal = 'oslat output: oslat did not run, in line 2: "Illegal runtime: 0m5s"'
const badCpu = 'oslat output: oslat did not run, in line 2: "libnuma: Warning: cpu argument 9 is out of range"'
const noSuchProgram = 'oslat output: oslat did not start, in line 1: "-sh: oslatx: not found"'
const noSuchOption = `oslat output: oslat did not run, in line 2: "oslat: invalid option -- 'W'"`
const usage = 'oslat output: expected the cores, in line 2: "oslat V 2.40"'
const refused: Record<string, string> = {
  'checkup-cmd-go-duration-0m5s.txt': illegal,
  'rtkernel-checkup-cmd-go-duration-0m5s.txt': illegal,
  'err-bad-cpu.txt': badCpu,
  'rtkernel-err-bad-cpu.txt': badCpu,
  'err-not-found.txt': noSuchProgram,
  'rtkernel-err-not-found.txt': noSuchProgram,
  'err-unknown-option-W.txt': noSuchOption,
  'rtkernel-err-unknown-option-W.txt': noSuchOption,
  'rtkernel-err-bad-workload.txt': `oslat output: oslat did not run, in line 2: "Unknown workload 'nosuch'.  Please choose from: 'no', 'memmove'"`,
  'rtkernel-osnoise-tracer.txt': 'oslat output: expected the version of oslat, in line 1: "# tracer: osnoise"',
  'rtkernel-timerlat-tracer.txt': 'oslat output: expected the version of oslat, in line 1: "# tracer: timerlat"',
  'rtkernel-trace-threshold-5s.txt':
    'oslat output: oslat stopped itself: CPU 2 took 421 us, its trace threshold is 200 us, in line 12: "oslat: Trace threshold (200 us) triggered on cpu 2 with 421 us!"',
  'version-help.txt': usage,
  'rtkernel-version-help.txt': usage,
}

test('every capture is either read or refused here', () => {
  expect([...Object.keys(read), ...Object.keys(refused)].sort()).toEqual(readdirSync(folder).sort())
})

test.each(Object.entries(read))('reads %s', (name, { seconds, cpus }) => {
  for (const output of [text(name), text(name).replaceAll('\n', '\r\n')]) {
    const result = parseOslatText(output)
    expect(result.version).toBe('2.40')
    expect(result.header?.totalRuntimeSeconds ?? null).toBe(seconds)
    expect(
      Object.fromEntries(
        result.cpus.map((cpu) => [
          cpu.cpu,
          [cpu.minimumMicroseconds, cpu.averageMicroseconds, cpu.maximumMicroseconds, cpu.overflow?.count],
        ]),
      ),
    ).toEqual(cpus)
  }
})

test.each(Object.entries(refused))('refuses %s', (name, message) => {
  expect(refusal(() => parseOslatText(text(name))).message).toBe(message)
})

test('reads all of an output', () => {
  const result = parseOslatText(text('checkup-cmd-10s.txt'))
  expect(result.header).toEqual({
    totalRuntimeSeconds: 10,
    fifoPriority: 1,
    cpuList: '2-3',
    mainThreadCpu: 0,
    workload: 'memmove',
    workloadMemoryKiB: 4,
    preheatCpus: 2,
  })
  const [cpu] = result.cpus
  expect(cpu).toMatchObject({ frequencyMhz: 2597, durationSeconds: 9.99 })
  expect(cpu!.buckets.slice(0, 2)).toEqual([
    { fromMicroseconds: 2, toMicroseconds: 2, count: 4_710_683 },
    { fromMicroseconds: 3, toMicroseconds: 3, count: 1001 },
  ])
  expect(cpu!.overflow).toEqual({ fromMicroseconds: 32, count: 2452 })
  expect(parseOslatText(text('rtkernel-bias-5s.txt')).biasMicroseconds).toBe(1)
})

test.each(['json-5s.txt', 'rtkernel-json-5s.txt'])('text and JSON of %s agree', (name) => {
  const [output, json] = capture(name)
  const [one, other] = [parseOslatText(output!), parseOslatJson(json!)]
  expect(oslatDisagreements(one, other)).toEqual([])
  expect(other.system!.realtime).toBe(name.startsWith('rt'))
  expect(other.cpus[0]!.averageMicroseconds).not.toBe(one.cpus[0]!.averageMicroseconds)
  other.cpus[1]!.maximumMicroseconds += 1
  expect(oslatDisagreements(one, other)).toEqual([
    `CPU 3: maximum is ${one.cpus[1]!.maximumMicroseconds} us in the text, ${other.cpus[1]!.maximumMicroseconds} us in the JSON file`,
  ])
})

/** In the form of 2.60, which counts a latency of 2 us under 3. */
const newer = {
  version: '2.60',
  unitNanoseconds: 1000,
  width: 1,
  buckets: 32,
  bias: 0,
  zeroOmit: false,
  quiet: false,
  cpus: [
    { cpu: 1, latencies: [1, 1, 1, 2, 27] },
    { cpu: 2, latencies: [1, 1, 1, 1, 56] },
  ],
} satisfies OslatRun

test('the buckets of 2.60 begin where those of 2.40 end', () => {
  const output = oslatText(newer)
  expect(output).toContain('    001 (us):\t 0 0\n    002 (us):\t 3 4\n    003 (us):\t 1 0\n')
  const [one, other] = parseOslatText(output).cpus
  expect(one).toMatchObject({
    buckets: [1, 2, 27].map((latency) => ({ fromMicroseconds: latency, toMicroseconds: latency })),
    overflow: null,
  })
  expect(other!.overflow).toEqual({ fromMicroseconds: 31, count: 1 })
})

test('buckets of nanoseconds', () => {
  const run: OslatRun = {
    ...newer,
    unitNanoseconds: 1,
    width: 250,
    buckets: 8,
    cpus: [{ cpu: 3, latencies: [180, 999, 1000] }],
  }
  const output = oslatText(run)
  expect(output).toContain('1.250 (us):\t 1\n')
  expect(output).toContain('     Maximum:\t 1.000 (us)\n')
  const [cpu] = parseOslatText(output).cpus
  expect(cpu).toMatchObject({ minimumMicroseconds: 0.18, maximumMicroseconds: 1, overflow: null })
  expect(cpu!.buckets).toEqual([
    { fromMicroseconds: 0, toMicroseconds: 0.249, count: 1 },
    { fromMicroseconds: 0.75, toMicroseconds: 0.999, count: 1 },
    { fromMicroseconds: 1, toMicroseconds: 1.249, count: 1 },
  ])
  expect(parseOslatJson(oslatJson(run)).cpus).toMatchObject([
    { cpu: 3, minimumMicroseconds: 0.18, buckets: cpu!.buckets },
  ])
})

const output = text('checkup-cmd-10s.txt')
const maximum = '     Maximum:\t 740608 655602 (us)'
const replaced = (from: string | RegExp, to: string) => {
  expect(output).toMatch(from)
  return output.replace(from, to)
}

test.each([
  ['no Maximum', replaced(`${maximum}\n`, ''), 'unreadable', /expected the row Maximum with 2 values in \(us\)/],
  ['an empty Maximum', replaced(maximum, '     Maximum: (us)'), 'unreadable', /line 50: "     Maximum: \(us\)"/],
  ['a Maximum without colon', replaced(maximum, '     Maximum'), 'unreadable', /"     Maximum"/],
  ['another unit', replaced(maximum, '     Maximum:\t 740608 655602 (ms)'), 'unreadable', /655602 \(ms\)"/],
  ['no unit', replaced(maximum, '     Maximum:\t 740608 655602'), 'unreadable', /655602"/],
  ['a value with a unit', replaced('740608 655602', '740608 5usec'), 'unreadable', /Maximum is 5usec, expected whole/],
  ['a fraction', replaced('740608 655602', '740608 65.5'), 'unreadable', /Maximum is 65\.5, expected whole micros/],
  ['one value fewer', replaced('740608 655602', '740608'), 'inconsistent', /there are 1 values for 2 CPUs \(2, 3\)/],
  ['one count fewer', replaced('4710683 5156418', '4710683'), 'inconsistent', /there are 1 values for 2 CPUs/],
  ['a negative value', replaced('740608 655602', '740608 -1'), 'unreadable', /Maximum is -1/],
  ['a maximum of 0', replaced('740608 655602', '0 655602'), 'inconsistent', /Max-Min is not Maximum minus Minimum/],
  ['another maximum', replaced('740608', '740607'), 'inconsistent', /CPU 2: Max-Min is not Maximum minus Minimum/],
  [
    'minimum above average',
    replaced('Minimum:\t 2 2', 'Minimum:\t 2 3').replace('655600', '655599'),
    'inconsistent',
    /CPU 3: its minimum 3 us is not in its lowest bucket/,
  ],
  [
    'a wrong average',
    replaced('2.826', '2.026'),
    'inconsistent',
    /CPU 2: its average is 2\.026 us, but that of its buckets 2\.0\d+ to \d+/,
  ],
  ['a huge average', replaced('2.826', '900000.000'), 'inconsistent', /more than its maximum 740608 us/],
  ['an average of nothing', replaced('2.826', '-nan'), 'unreadable', /Average is -nan/],
  ['a lost bucket', replaced(/ +017 .*\n/, ''), 'inconsistent', /the bucket 18 us does not follow on 16 us/],
  ['a bucket twice', replaced(/( +017 .*\n)/, '$1$1'), 'inconsistent', /the bucket 17 us does not follow on 17 us/],
  [
    'an interleaved line',
    replaced('    010 (us):\t 10', '    010 (us[   12.345678] eth0: up\r\n):\t 10'),
    'unreadable',
    /eth0/,
  ],
  ['no time', replaced('9.990 9.990', '9.990 0.000'), 'inconsistent', /measured for no time/],
  ['something behind', `${output}\n[root@vmi1 ~]#`, 'unreadable', /nothing after its summary, .*"\[root@vmi1 ~\]#"/],
  ['nothing', '', 'truncated', /it ends before the version of oslat, it holds no line/],
  ['CPUs out of order', replaced('Core:\t 2 3', 'Core:\t 3 2'), 'inconsistent', /the cores are not in ascending order/],
])('refuses %s', (_, wrong, kind, message) => {
  const error = refusal(() => parseOslatText(wrong))
  expect(error.message).toMatch(message)
  expect(error.problem).toMatch(kind)
})

test('a run that measured nothing is refused', () => {
  const wrong = text('one-cpu-5s.txt').replaceAll(/(0\d\d \(us\):\t )\d+/g, '$10')
  expect(refusal(() => parseOslatText(wrong)).message).toContain(
    'CPU 3: nothing was measured, and yet its maximum is 646741 us',
  )
})

const json = capture('rtkernel-json-5s.txt')[1]!
test.each([
  ['cut off', json.slice(0, 900), 'truncated', /the JSON file ends before it is complete, in line \d+: /],
  ['not there', '\n', 'missing', /the JSON file is empty/],
  ['another text', 'cat: /tmp/o.json: No such file or directory\n', 'unreadable', /not JSON .* in line 1: "cat: /],
  [
    'a key twice',
    json.replace('"cpu": 2,', '"cpu": 2, "cpu": 2,'),
    'inconsistent',
    /a key stands there twice, in line 20/,
  ],
  [
    'a failed run',
    json.replace('"return_code": 0', '"return_code": 1'),
    'refused',
    /return code 1, in line 7: "  "?return_code|return code 1/,
  ],
  [
    'a thread too few',
    json.replace('"num_threads": 2', '"num_threads": 3'),
    'inconsistent',
    /num_threads is 3, but the threads are 0, 1/,
  ],
  ['no maximum', json.replace(/ *"max": 28633,\n/, ''), 'missing', /thread\.0\.max is missing/],
  [
    'a text as maximum',
    json.replace('"max": 28633', '"max": "28633"'),
    'unreadable',
    /thread\.0\.max is not a whole number .* in line 24: .*28633/,
  ],
  [
    'a count beyond 2^53',
    json.replace('"max": 28633', '"max": 18446744073709551615'),
    'unreadable',
    /thread\.0\.max is not a whole/,
  ],
  [
    'a maximum below its bucket',
    json.replace('"max": 28633', '"max": 12'),
    'inconsistent',
    /CPU 2: its maximum 12 us is not in its highest bucket/,
  ],
])('refuses JSON: %s', (_, wrong, kind, message) => {
  const error = refusal(() => parseOslatJson(wrong))
  expect(error.message).toMatch(message)
  expect(error.problem).toBe(kind)
})

const latencies = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100_000 })), {
  minLength: 1,
  maxLength: 60,
})
const runs: fc.Arbitrary<OslatRun> = fc
  .record({
    version: fc.constantFrom('2.40' as const, '2.60' as const),
    nanoseconds: fc.boolean(),
    width: fc.integer({ min: 1, max: 3000 }),
    buckets: fc.integer({ min: 5, max: 64 }),
    zeroOmit: fc.boolean(),
    quiet: fc.boolean(),
    cpus: fc.array(latencies, { minLength: 1, maxLength: 4 }),
  })
  .map(({ nanoseconds, width, cpus, ...run }) => ({
    ...run,
    unitNanoseconds: nanoseconds && run.version === '2.60' ? (1 as const) : (1000 as const),
    width: run.version === '2.40' || !nanoseconds ? 1 : width,
    bias: 0,
    cpus: cpus.map((each, cpu) => ({ cpu: cpu + 2, latencies: each })),
  }))

property.prop([runs])('what is printed is read, from text and from JSON', (run) => {
  const [ofText, ofJson] = [parseOslatText(oslatText(run)), parseOslatJson(oslatJson(run))]
  expect(ofText.version).toBe(run.version)
  for (const [index, { latencies: measured }] of run.cpus.entries()) {
    for (const { buckets, maximumMicroseconds, minimumMicroseconds, overflow } of [
      ofText.cpus[index]!,
      ofJson.cpus[index]!,
    ]) {
      const values = measured.map((latency) => (latency * run.unitNanoseconds) / 1000)
      expect([minimumMicroseconds, maximumMicroseconds]).toEqual([Math.min(...values), Math.max(...values)])
      for (const { fromMicroseconds, toMicroseconds, count } of buckets)
        expect(values.filter((value) => value >= fromMicroseconds && value <= toMicroseconds)).toHaveLength(count)
      const beyond = values.filter((value) => value >= (overflow?.fromMicroseconds ?? Infinity))
      expect(beyond).toHaveLength(overflow?.count ?? 0)
      expect(buckets.reduce((sum, { count }) => sum + count, 0) + beyond.length).toBe(values.length)
    }
  }
})

property.prop([runs, fc.integer({ min: 1, max: 50 })])('with a bias, too', (run, bias) => {
  // Faster than the bias is only what was faster than everything during the pre-heat.
  const cpus = run.cpus.map((cpu) => ({ ...cpu, latencies: cpu.latencies.map((latency) => latency + bias - 1) }))
  const result = parseOslatText(oslatText({ ...run, version: '2.40', unitNanoseconds: 1000, width: 1, cpus, bias }))
  expect(result.biasMicroseconds).toBe(bias)
  for (const [index, { latencies: measured }] of cpus.entries()) {
    const { buckets, overflow } = result.cpus[index]!
    for (const { fromMicroseconds, toMicroseconds, count } of buckets)
      expect(measured.filter((value) => value >= fromMicroseconds && value <= toMicroseconds)).toHaveLength(count)
    expect(measured.filter((value) => value >= (overflow?.fromMicroseconds ?? Infinity))).toHaveLength(
      overflow?.count ?? 0,
    )
  }
})

property.prop([runs, fc.nat(), fc.constantFrom('lost', 'twice', 'swapped', 'cut', 'begun late')], { numRuns: 400 })(
  'an output that was damaged on its way is refused, or read as it was',
  (run, where, damage) => {
    const whole = oslatText({ ...run, zeroOmit: false })
    const lines = whole.trimEnd().split('\n')
    const at = where % lines.length
    const damaged = {
      lost: lines.filter((_, index) => index !== at),
      twice: lines.toSpliced(at, 0, lines[at]!),
      swapped: lines.toSpliced(at, 2, ...lines.slice(at, at + 2).reverse()),
      cut: [whole.slice(0, where % whole.length)],
      'begun late': [whole.slice(where % whole.length)],
    }[damage].join('\n')
    try {
      expect(parseOslatText(damaged)).toEqual(parseOslatText(whole))
    } catch (error) {
      if (!(error instanceof ToolOutputError)) throw error
    }
  },
)
