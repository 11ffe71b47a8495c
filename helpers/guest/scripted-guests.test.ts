/** Both channels against the scripted guests of the embedded cluster, with the machines of the latency checkup. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { RunningGuest } from '../../fixtures/embedded-cluster/guests/guest-driver.ts'
import { GuestBench } from '../../fixtures/embedded-cluster/guests/scripted/testing/guest-bench.ts'
import { caseAddresses } from '../../suites/latency/addresses.ts'
import { latencyMachines, type MachineAccess } from '../../suites/latency/machines.ts'
import { ConnectionError } from '../kubernetes/api-error.ts'
import { fault, type Fault } from '../profile/embedded-cluster.ts'
import { openConsoleGuest, type ConsoleGuestOptions } from './console-guest.ts'
import { GuestError } from './guest-error.ts'
import { openSshGuest } from './ssh-guest.ts'
import { createKeyPair } from './ssh-keys.ts'

const addresses = caseAddresses({
  runId: 'run',
  caseNumber: 0,
  ipv4Subnet: '192.168.100.0/24',
  ipv6Subnet: 'fd4c:6174:656e::/64',
})
const names = { source: 'latency-check-source-x7k2p', target: 'latency-check-target-9wvzb' }
const blue = { type: 'multus', namespace: 'acceptance', name: 'blue', config: '{"type":"bridge"}' } as const
type Role = keyof typeof names

function cluster(options: { faults?: Fault[]; access?: MachineAccess; image?: string } = {}) {
  const bench = new GuestBench()
  const { driver, clockOutside: clock } = bench
  const image = options.image ?? 'registry.example/alpine-with-test-tooling-container-disk:latest'
  const machines = latencyMachines({
    namespace: 'acceptance',
    uid: 'case',
    names,
    network: { namespace: 'acceptance', name: 'blue', binding: 'bridge' },
    addresses,
    memory: '128Mi',
    documentedManifest: false,
    ipFamilies: ['IPv4', 'IPv6'],
    image,
    access: options.access ?? { guestAccess: 'console' },
  })
  const start = (role: Role): Promise<RunningGuest> => {
    const vmi = machines[role]
    const { networkData = '', userData = '' } = vmi.spec.volumes?.[1]?.cloudInitNoCloud ?? {}
    return driver.start({
      id: `uid-${role}`,
      namespace: 'acceptance',
      name: names[role],
      nodeName: role === 'source' ? 'worker1' : 'worker2',
      vmi,
      interfaces: (vmi.spec.domain.devices.interfaces ?? []).map(({ macAddress = '', masquerade, name }) =>
        masquerade === undefined
          ? { name, macAddress, binding: 'bridge', network: blue }
          : { name, macAddress, binding: 'masquerade', network: { type: 'pod', podAddress: '10.244.0.7' } },
      ),
      disks: [],
      cloudInit: { userData, networkData },
      image,
      faults: options.faults ?? [],
    })
  }
  const common = (role: Role) => ({
    vmi: `acceptance/${names[role]}`,
    clock,
    timeouts: { connect: 10_000, login: 180_000, command: 30_000 },
    signal: new AbortController().signal,
  })
  return {
    clock,
    simulated: bench.clock,
    start,
    common,
    console: (role: Role, running: RunningGuest, more: Partial<ConsoleGuestOptions> = {}) =>
      openConsoleGuest({
        ...common(role),
        connect: () => Promise.resolve(running.openConsole()),
        login: { style: 'alpine' },
        hostNames: [names[role]],
        ...more,
      }),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  }
}

test('two machines of the latency checkup ping each other, driven over their consoles', async () => {
  await using far = cluster()
  const [sourceVm, targetVm] = await Promise.all([far.start('source'), far.start('target')])
  const before = await far.clock.now()
  const [source, target] = await Promise.all([far.console('source', sourceVm), far.console('target', targetVm)])
  await using _source = source
  await using _target = target
  // The time of the boot, and no time-out of ours on top.
  expect((await far.clock.now()) - before).toBeLessThan(10_000)
  const ping = await source.run(`ping -c 3 ${addresses.target.ipv4.address}`)
  expect(ping.exitCode).toBe(0)
  expect(ping.stdout).toMatch(
    /^PING 192\.168\.100\.\d+ [^]*\n3 packets transmitted, 3 packets received, 0% packet loss\n/,
  )
  expect(ping.durationMilliseconds).toBeGreaterThanOrEqual(2000)
  const back = await target.run(`ping -c 1 ${addresses.source.ipv6.address}`)
  expect(back.exitCode).toBe(0)
})

test.each([
  ['echo "a  b" | wc -c; exit 3', '5\n', 3],
  ['false || printf "no newline"', 'no newline', 0],
  ['echo "two\nlines"', 'two\nlines\n', 0],
  ['cat', '', 0],
  ['id -un', 'root\n', 0],
])('the shell of a scripted guest runs %j', async (command, stdout, exitCode) => {
  await using far = cluster()
  await using guest = await far.console('source', await far.start('source'))
  expect(await guest.run(command)).toMatchObject({ stdout, exitCode })
})

test('a command that hangs is interrupted, and the guest stays usable', async () => {
  await using far = cluster()
  await using guest = await far.console('source', await far.start('source'))
  await expect(guest.run('sleep 1000', { timeoutMilliseconds: 5000 })).rejects.toThrow('It was sent Ctrl-C and ended.')
  expect(await guest.run('echo usable')).toMatchObject({ stdout: 'usable\n', exitCode: 0 })
})

test('a cloud image is logged in to with the password that cloud-init sets', async () => {
  await using far = cluster({ image: 'registry.example/realtime-checkup-vm:latest' })
  const running = await far.start('source')
  await using guest = await far.console('source', running, {
    login: { style: 'password', user: 'root', password: 'redhat' },
    hostNames: [names.source, 'localhost', 'centos'],
  })
  expect((await guest.run('echo $0; id -un')).stdout).toContain('root\n')
})

test.each([
  [
    { fault: 'console-drops-after-login' },
    'dropped',
    /The console of VMI "acceptance\/latency-check-source-x7k2p" dropped/,
  ],
  [
    { fault: 'login-refused' },
    'login-failed',
    /refused user "root" \d+ times within 180 s|asks user "root" for a password/,
  ],
  [{ fault: 'never-boots' }, 'login-timeout', /No shell of user "root" .* within 180 s \(timeouts\.login\)/],
])('the fault %j is an error of kind %s', async (wrong, kind, message) => {
  await using far = cluster({ faults: [fault.parse(wrong)] })
  const running = await far.start('source')
  const error = await (async () => {
    await using guest = await far.console('source', running)
    await guest.run('true')
  })().then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(GuestError)
  expect((error as GuestError).kind).toBe(kind)
  expect((error as GuestError).message).toMatch(message)
})

test('a login that comes late is waited for, in the time of the cluster', async () => {
  await using far = cluster({ faults: [fault.parse({ fault: 'slow-login', delay: '90s' })] })
  const running = await far.start('source')
  const before = await far.clock.now()
  await using guest = await far.console('source', running)
  expect((await far.clock.now()) - before).toBeGreaterThanOrEqual(90_000)
  expect((await guest.run('true')).exitCode).toBe(0)
})

test('kernel messages all over the console do not keep us from logging in', async () => {
  await using far = cluster({ faults: [fault.parse({ fault: 'kernel-messages', every: '200ms' })] })
  await using guest = await far.console('source', await far.start('source'))
  expect(await guest.run('sleep 2; echo done')).toMatchObject({ exitCode: 0, stdout: 'done\n' })
})

test('the same machine over SSH, with the host key that we made', async () => {
  const userKey = createKeyPair('run')
  const hostKeys = { source: createKeyPair('source'), target: createKeyPair('target') }
  await using far = cluster({ access: { guestAccess: 'ssh', user: 'root', userKey: userKey.publicKey, hostKeys } })
  const running = await far.start('source')
  await using guest = await openSshGuest({
    ...far.common('source'),
    connect: async () => {
      await turn()
      try {
        return await running.dial(22)
      } catch (error) {
        throw new ConnectionError(String(error), 'ECONNREFUSED', false, error)
      }
    },
    username: 'root',
    privateKey: userKey.privateKey,
    hostKey: hostKeys.source.publicKey,
  })
  expect(await guest.run('id -un; exit 4')).toMatchObject({ stdout: 'root\n', exitCode: 4 })
})
