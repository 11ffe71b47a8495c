/** Prints measured latencies as oslat does, with its way of putting them into buckets, for the tests of its readers. */

export interface OslatRun {
  version: '2.40' | '2.60'
  /** Each latency is a number of these; only 2.60 has other ones than 1000. */
  unitNanoseconds: 1 | 1000
  /** In units. */
  width: number
  buckets: number
  bias: number
  zeroOmit: boolean
  quiet: boolean
  /** Latencies in units, of each CPU, in any order. */
  cpus: { cpu: number; latencies: number[] }[]
}

function summary({ version, unitNanoseconds, width, buckets, bias, cpus }: OslatRun) {
  const perMicrosecond = 1000 / unitNanoseconds
  const counted = cpus.map(({ cpu, latencies }) => {
    const counts = Array.from({ length: buckets }, () => 0)
    let beyond = 0
    for (const latency of latencies) {
      const biased = bias === 0 ? latency : Math.max(latency - bias, 1)
      const index = version === '2.40' ? biased - 1 : Math.floor(biased / width)
      beyond += Math.max(index - buckets, 0)
      const bucket = Math.min(index, buckets - 1)
      counts[bucket] = (counts[bucket] ?? 0) + 1
    }
    return { cpu, latencies, counts, beyond }
  })
  const name = (index: number) => (bias + (index + 1) * width) / perMicrosecond
  const of = counted.map(({ cpu, latencies, counts }) => ({
    cpu,
    counts,
    minimum: Math.min(...latencies),
    maximum: Math.max(...latencies),
    average:
      (counts.reduce((sum, count, index) => sum + count * name(index), 0) + (counted[0]?.beyond ?? 0) * width) /
      latencies.length,
  }))
  return { name, of, perMicrosecond, decimals: unitNanoseconds === 1 ? 3 : 0 }
}

export function oslatText(run: OslatRun): string {
  const { decimals, name, of, perMicrosecond } = summary(run)
  const row = (label: string, values: (string | number)[], end = '') =>
    `${label.padStart(12)}:\t ${values.join(' ')}${end}\n`
  const latency = (units: number) => (units / perMicrosecond).toFixed(decimals)
  let text = `oslat V ${run.version}\n`
  const bias = run.bias === 0 ? '' : `Global bias set to ${latency(run.bias)} (us)\n`
  text += run.quiet
    ? bias
    : `Total runtime: \t\t300 seconds\nThread priority: \tSCHED_FIFO:1\nCPU list: \t\t2-9\nCPU for main thread: \t0\n` +
      `Workload: \t\tmemmove\nWorkload mem: \t\t4 (KiB)\nPreheat cores: \t\t2\n\nPre-heat for 1 seconds...\n${bias}` +
      'Test starts...\nTest completed.\n\n'
  const columns = (value: (cpu: (typeof of)[number]) => string | number) => of.map(value)
  text += row(
    'Core',
    columns(({ cpu }) => cpu),
  )
  text += row(
    'Counter Freq',
    columns(() => 2597),
    ' (Mhz)',
  )
  let omitted = false
  for (let index = 0; index < run.buckets; index += 1) {
    const last = index === run.buckets - 1
    if (run.zeroOmit && !last && of.every(({ counts }) => counts[index] === 0)) {
      omitted = true
      continue
    }
    if (omitted) text += '    ...\n'
    omitted = false
    text += row(
      `${name(index).toFixed(decimals).padStart(3, '0')} (us)`,
      columns(({ counts }) => counts[index] ?? 0),
      last ? ' (including overflows)' : '',
    )
  }
  text += row(
    'Minimum',
    columns(({ minimum }) => latency(minimum)),
    ' (us)',
  )
  text += row(
    'Average',
    columns(({ average }) => average.toFixed(3)),
    ' (us)',
  )
  text += row(
    'Maximum',
    columns(({ maximum }) => latency(maximum)),
    ' (us)',
  )
  text += row(
    'Max-Min',
    columns(({ maximum, minimum }) => latency(maximum - minimum)),
    ' (us)',
  )
  text += row(
    'Duration',
    columns(() => '299.998'),
    ' (sec)',
  )
  return `${text}\n`
}

export function oslatJson(run: OslatRun): string {
  const { decimals, name, of } = summary(run)
  const threads = of.map(({ cpu, average, counts, maximum, minimum }, index) => {
    const histogram = counts.flatMap((count, bucket) =>
      count === 0 ? [] : [`        "${name(bucket).toFixed(decimals)}": ${count}`],
    )
    return (
      `    "${index}": {\n      "cpu": ${cpu},\n      "freq": 2597,\n      "min": ${minimum},\n      "avg": ${average.toFixed(6)},\n` +
      `      "max": ${maximum},\n      "duration": 299.998,\n      "histogram": {\n${histogram.join(',\n')}\n      }\n    }`
    )
  })
  const width = run.width * run.unitNanoseconds
  const options =
    `-c 2-9 -b ${run.buckets}${width === 1000 ? '' : ` --bucket-width=${width}`}${run.bias > 0 ? ' --bias' : ''} ` +
    '--json=/tmp/o.json -D 300s'
  return (
    `{\n  "file_version": 1,\n  "cmdline:": "oslat ${options}",\n  "rt_test_version:": "${run.version}",\n` +
    '  "start_time": "Fri, 20 Nov 2026 08:32:16 +0000",\n  "end_time": "Fri, 20 Nov 2026 08:37:17 +0000",\n  "return_code": 0,\n' +
    '  "sysinfo": {\n    "sysname": "Linux",\n    "nodename": "vmi1",\n    "release": "6.1.0-56-rt-amd64",\n' +
    '    "version": "#1 SMP PREEMPT_RT Debian 6.1.192-2 (2026-11-16)",\n    "machine": "x86_64",\n    "realtime": 1\n  },\n' +
    `  "num_threads": ${of.length},\n  "thread": {\n${threads.join(',\n')}\n  }\n}\n`
  )
}
