/**
 * `node scripts/measure-jobs.ts [--program PATH] [--profile PROFILE] [CHECKUP...]`: memory, CPU time and files of the pods of
 * checkups, for the resources of their Jobs. Each runs as `run CHECKUP --in-cluster` on an embedded cluster, whose pods are
 * processes of this machine (Linux). `--program`: bin/kubevirt-acceptance.js of an installed package, as the image has it.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { textTable } from '../reports/progress/text-table.ts'

const sampleMilliseconds = 100
const clockTicksPerSecond = 100
const mebibyte = 1024 * 1024

interface Peak {
  /** Of all processes together, without the pages of files, which the kernel can drop. */
  anonymousBytes: number
  processes: number
  cpuSeconds: number
}

/** Processes of pods of this run: they work below the folder for temporary files that the run was given. */
function processesBelow(folder: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readlinkSync(`/proc/${name}/cwd`).startsWith(join(folder, 'kubevirt-acceptance-pod-'))
    } catch {
      // It has ended, or is somebody else's.
      return false
    }
  })
}

/** 0 for a process that has ended meanwhile. */
function read(path: string, value: (text: string) => number): number {
  try {
    return value(readFileSync(path, 'utf8'))
  } catch {
    return 0
  }
}

function sample(folder: string, peak: Peak): void {
  const processes = processesBelow(folder)
  const anonymous = (text: string) => Number(/^RssAnon:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
  const cpuTicks = (text: string) =>
    // Own time and that of children that have ended: fields 14 to 17, counted after the name.
    text
      .replace(/^.*\) /s, '')
      .split(' ')
      .slice(11, 15)
      .reduce((sum, ticks) => sum + Number(ticks), 0)
  const total = (path: string, value: (text: string) => number) =>
    processes.reduce((sum, pid) => sum + read(`/proc/${pid}/${path}`, value), 0)
  peak.anonymousBytes = Math.max(peak.anonymousBytes, total('status', anonymous))
  peak.processes = Math.max(peak.processes, processes.length)
  peak.cpuSeconds = Math.max(peak.cpuSeconds, total('stat', cpuTicks) / clockTicksPerSecond)
}

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)

async function measure(program: string, checkup: string, profile: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kubevirt-acceptance-measure-'))
  const peak: Peak = { anonymousBytes: 0, processes: 0, cpuSeconds: 0 }
  const runs = join(folder, 'runs')
  const timer = setInterval(() => sample(folder, peak), sampleMilliseconds)
  try {
    const command = [program, 'run', checkup, '--in-cluster', '--profile', profile]
    const exitCode = await new Promise<number | null>((ended, failed) => {
      spawn(process.execPath, command, {
        env: { ...process.env, TMPDIR: folder, KUBEVIRT_ACCEPTANCE_RUNS: runs },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
        .once('error', failed)
        .once('close', ended)
    })
    const memory = `${Math.ceil(peak.anonymousBytes / mebibyte)} MiB`
    const files = `${(sizeOf(runs) / mebibyte).toFixed(1)} MiB`
    return [checkup, String(exitCode), memory, String(peak.processes), `${peak.cpuSeconds.toFixed(1)} s`, files]
  } finally {
    clearInterval(timer)
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    program: { type: 'string', default: join(import.meta.dirname, '../bin/kubevirt-acceptance.js') },
    profile: { type: 'string', default: 'embedded' },
  },
})
const everything = ['latency', 'dpdk', 'realtime', 'storage', 'platform', 'lifecycle']
const rows: string[][] = []
for (const checkup of positionals.length > 0 ? positionals : everything)
  rows.push(await measure(resolve(values.program), checkup, values.profile))
const titles = ['checkup', 'exit code', 'peak memory', 'processes', 'CPU time', 'files of the run']
console.log(
  textTable(
    titles.map((title) => ({ title })),
    rows,
  ).join('\n'),
)
