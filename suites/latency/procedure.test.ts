import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CommandResult, Guest, InteractiveProgram, RunOptions } from '../../helpers/guest/guest.ts'
import { latencyContract, type LatencyParameters } from './contract.ts'
import { measurePath, paths, type Endpoint } from './procedure.ts'

const rawOutput = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../helpers/tools/testdata/ping', name), 'utf8')

/** Without the trailing `rc=N` of the captures. */
const output = (name: string) => rawOutput(name).replace(/\nrc=\d+\n?$/, '\n')

class FakeGuest implements Guest {
  readonly vmi = 'acceptance/source'
  readonly channel = 'console'
  readonly commands: { command: string; options: RunOptions }[] = []
  readonly #answer: Partial<CommandResult>
  constructor(answer: Partial<CommandResult>) {
    this.#answer = answer
  }
  run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    this.commands.push({ command, options })
    return Promise.resolve({ command, stdout: '', exitCode: 0, durationMilliseconds: 5000, ...this.#answer })
  }
  start(command: string): Promise<InteractiveProgram> {
    return Promise.reject(new Error(`The latency checkup starts no programs: ${command}`))
  }
  transcript(): string {
    return ''
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

const parametersOf = (given: Record<string, unknown> = {}): LatencyParameters =>
  latencyContract.parameters.parse({
    networkAttachmentDefinitionNamespace: 'acceptance',
    networkAttachmentDefinitionName: 'blue',
    ...given,
  })

const endpoint = (guest: Guest, node: string, address: string): Endpoint => ({
  guest,
  node,
  addresses: { IPv4: address, IPv6: 'fd00::1' },
})

async function measure(answer: Partial<CommandResult>, given: Record<string, unknown> = {}) {
  const guest = new FakeGuest(answer)
  const parameters = parametersOf({ bothDirections: false, ...given })
  const [path] = paths(endpoint(guest, 'worker1', '10.9.0.1'), endpoint(guest, 'worker2', '10.9.0.2'), parameters)
  const kept: Record<string, string> = {}
  const measurement = measurePath(path!, parameters, {
    signal: new AbortController().signal,
    keepRawOutput: (name, content) => {
      kept[name] = content
      return Promise.resolve(name)
    },
  })
  return { measurement, guest, kept }
}

describe('paths', () => {
  const guest = new FakeGuest({})
  const [one, two] = [endpoint(guest, 'worker1', '10.9.0.1'), endpoint(guest, 'worker2', '10.9.0.2')]

  test('go from source to target first, and back unless the profile says otherwise', () => {
    expect(paths(one, two, parametersOf()).map(({ subject }) => subject)).toEqual([
      'worker1 -> worker2',
      'worker2 -> worker1',
    ])
    expect(paths(one, two, parametersOf({ bothDirections: false })).map(({ subject }) => subject)).toEqual([
      'worker1 -> worker2',
    ])
  })

  test('tell address families apart, and two VMs on one node', () => {
    const both = parametersOf({ ipFamilies: ['IPv4', 'IPv6'], bothDirections: false })
    expect(paths(one, two, both).map(({ subject }) => subject)).toEqual([
      'worker1 -> worker2 IPv4',
      'worker1 -> worker2 IPv6',
    ])
    const subjects = paths(one, endpoint(guest, 'worker1', '10.9.0.2'), parametersOf()).map(({ subject }) => subject)
    expect(new Set(subjects).size).toBe(2)
  })
})

describe('measurePath', () => {
  test('keeps the output with its command before reading it, and leaves the warm-up packets out', async () => {
    const { measurement, guest, kept } = await measure(
      { stdout: output('busybox-ok-w5.txt') },
      { sampleCount: 4, warmUpPackets: 1 },
    )
    const { packets, summary, problems, rawOutput: name } = await measurement
    expect(guest.commands[0]?.command).toMatch(/^ping .*-c 5 -i 1 .*10\.9\.0\.2$/)
    expect(kept[name]).toContain('$ ping ')
    expect(kept[name]).toContain('exit code 0')
    expect(packets).toMatchObject({ transmitted: 4, received: 4, lossPercent: 0 })
    expect(summary.count).toBe(4)
    expect(problems).toEqual([])
  })

  test('gives ping its duration and a margin before it is given up', async () => {
    const { guest } = await measure({ stdout: output('busybox-ok-w5.txt') }, { sampleCount: 4 })
    const limit = guest.commands[0]?.options.timeoutMilliseconds ?? 0
    expect(limit).toBeGreaterThan(5_000 + 5_000)
  })

  test('is a finding, not an error, when there is no route', async () => {
    const { measurement } = await measure({
      stdout: 'PING 10.9.0.2 (10.9.0.2): 56 data bytes\nping: sendto: Network is unreachable\n',
      exitCode: 1,
    })
    await expect(measurement).resolves.toMatchObject({
      packets: null,
      unreachable: 'ping: sendto: Network is unreachable',
      problems: [],
    })
  })

  test.each([
    ['a ping that is not installed', '-sh: ping: not found\n', 127],
    ['an output that ends early', output('busybox-ok-w5.txt').slice(0, 200), 0],
    ['nothing at all', '', 0],
  ])('is an error with the exit code for %s, never zeros', async (_what, stdout, exitCode) => {
    const { measurement, kept } = await measure({ stdout, exitCode })
    await expect(measurement).rejects.toThrow(`(exit code ${exitCode})`)
    expect(Object.keys(kept)).toHaveLength(1)
  })

  test.each([
    ['fewer packets than asked for', { sampleCount: 30 }, {}, 'ping sent 5 of 31 packets'],
    ['a run that was too short', { sampleCount: 4 }, { durationMilliseconds: 900 }, 'ping ended after 900 ms'],
    ['another ping than asked for', { sampleCount: 4, pingFamily: 'iputils' }, {}, 'the guest has busybox'],
  ])('may not be judged after %s', async (_what, given, answer, problem) => {
    const { measurement } = await measure({ stdout: output('busybox-ok-w5.txt'), ...answer }, given)
    expect((await measurement).problems.join()).toContain(problem)
  })
})
