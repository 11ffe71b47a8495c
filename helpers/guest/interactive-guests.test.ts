/** Programs that wait for lines in scripted guests, over both channels, with the machines of the DPDK checkup. */
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { RunningGuest } from '../../fixtures/embedded-cluster/guests/guest-driver.ts'
import { GuestBench } from '../../fixtures/embedded-cluster/guests/scripted/testing/guest-bench.ts'
import { dpdkContract } from '../../suites/dpdk/contract.ts'
import { dpdkMachines } from '../../suites/dpdk/machines.ts'
import type { Clock } from '../clock/clock.ts'
import { ConnectionError } from '../kubernetes/api-error.ts'
import { fault, type Fault } from '../profile/embedded-cluster.ts'
import { openConsoleGuest } from './console-guest.ts'
import { GuestError } from './guest-error.ts'
import type { Guest } from './guest.ts'
import { openSshGuest } from './ssh-guest.ts'
import { createKeyPair, sshCloudConfig } from './ssh-keys.ts'

const prompt = 'testpmd> '
const name = 'vmi-under-test-x7k2p'
const macAddresses = {
  trafficGenerator: { east: '50:aa:bb:cc:dd:01', west: '50:aa:bb:cc:dd:02' },
  vmUnderTest: { east: '60:11:22:33:44:01', west: '60:11:22:33:44:02' },
}
const testpmd =
  'dpdk-testpmd --lcores 0@2-3,1@4,2@5,3@6,4@7 -a 0000:06:00.0 -a 0000:07:00.0 --socket-mem 1024 --huge-dir /mnt/huge -- ' +
  '-i --nb-cores=4 --rxd=2048 --txd=2048 --rxq=4 --txq=4 --forward-mode=mac'

const marker = '/tmp/dpdk-checkup-ready-marker'

async function cluster({ faults = [], userData }: { faults?: Fault[]; userData?: string } = {}) {
  const bench = new GuestBench({ network: { name: 'dpdk' } })
  const { clockOutside: clock } = bench
  const { vmUnderTest: vmi, vmUnderTestConfig } = dpdkMachines({
    namespace: 'acceptance',
    uid: 'case',
    names: { trafficGenerator: 'tg', vmUnderTest: name, trafficGeneratorConfig: 'tg', vmUnderTestConfig: name },
    macAddresses,
    parameters: dpdkContract.parameters.parse({
      networkAttachmentDefinitionNamespace: 'acceptance',
      networkAttachmentDefinitionName: 'dpdk',
    }),
  })
  const volumes = vmi.spec.volumes ?? []
  const running = await bench.start({
    name,
    node: 'worker1',
    vmi: { ...vmi },
    interfaces: (vmi.spec.domain.devices.interfaces ?? []).map(({ macAddress = '', name: nic, pciAddress = '' }) => ({
      name: nic,
      macAddress,
      pciAddress,
      binding: 'sriov',
      network: { type: 'multus', namespace: 'acceptance', name: 'dpdk', config: '{}' },
    })),
    cloudInit: {
      userData: [volumes.find(({ cloudInitNoCloud }) => cloudInitNoCloud)?.cloudInitNoCloud?.userData ?? '', userData]
        .filter((text) => text !== undefined)
        .join('\n'),
    },
    configMaps: { 'vmi-under-test-config': vmUnderTestConfig.data },
    image: volumes.find(({ containerDisk }) => containerDisk)?.containerDisk?.image ?? '',
    faults,
  })
  return {
    clock,
    running,
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  }
}

const common = (clock: Clock) => ({
  vmi: `acceptance/${name}`,
  clock,
  timeouts: { connect: 10_000, login: 180_000, command: 30_000 },
  signal: new AbortController().signal,
})

/** With the documented account, once the boot script has run. */
async function overConsole({ clock, running }: { clock: Clock; running: RunningGuest }): Promise<Guest> {
  // A login before the reboot would not last.
  for (;;) {
    await clock.sleep(5000)
    if (running.agent && (await running.execute?.(['cat', marker]))?.exitCode === 0) break
  }
  const guest = await openConsoleGuest({
    ...common(clock),
    connect: () => Promise.resolve(running.openConsole()),
    login: { style: 'password', user: 'root', password: 'redhat' },
    hostNames: [name, 'localhost'],
  })
  expect((await guest.run(`ls ${marker}`)).exitCode).toBe(0)
  return guest
}

test('testpmd over the console: start, count, quit, and the shell again', async () => {
  await using far = await cluster()
  await using guest = await overConsole(far)
  await using program = await guest.start(testpmd, { prompt })
  expect(program.banner).toMatch(/^EAL: Detected CPU lcores: 8\n[^]*Port 1: 60:11:22:33:44:02\n[^]*\nDone\n$/)
  expect(await program.send('start')).toMatch(/^mac packet forwarding - ports=2 - cores=4 - streams=8 /)
  expect(await program.send('clear fwd stats all')).toBe('')
  expect(await program.send('show fwd stats all')).toMatch(/^\n {2}-{22} Forward statistics for port 0 /)
  expect(await program.send('show me')).toBe('Bad arguments\n')
  await expect(guest.run('id')).rejects.toThrow('has its console')
  expect(await program.send('quit')).toMatch(/\nBye\.\.\.\n$/)
  expect(await guest.run('id -un')).toMatchObject({ stdout: 'root\n', exitCode: 0 })
})

test('a testpmd that is left running is ended with its program, and starts again', async () => {
  await using far = await cluster()
  await using guest = await overConsole(far)
  for (const _ of [1, 2]) {
    await using program = await guest.start(testpmd, { prompt })
    await program.send('start')
  }
  expect((await guest.run('pgrep testpmd')).exitCode).toBe(1)
})

test('a testpmd that does not start is an error with its own words', async () => {
  await using far = await cluster()
  await using guest = await overConsole(far)
  const failed = guest.start(testpmd.replace('1024', '2048'), { prompt })
  await expect(failed).rejects.toThrow(/ended with exit code 1 .* Requested: 2048MB, available: 1024MB/)
  await expect(guest.start('no-such-program', { prompt })).rejects.toThrow(/exit code 127 .*command not found/)
  expect((await guest.run('echo usable')).stdout).toBe('usable\n')
})

test('kernel messages all over the console do not garble what testpmd says', async () => {
  await using far = await cluster({ faults: [fault.parse({ fault: 'kernel-messages', every: '1s' })] })
  await using guest = await overConsole(far)
  await using program = await guest.start(testpmd, { prompt })
  await program.send('start')
  const answers = new Set<string>()
  for (let count = 0; count < 40; count += 1) answers.add(await program.send('show fwd stats all'))
  expect(answers.size).toBe(1)
})

test('a guest that crashes under testpmd is told apart from an answer', async () => {
  await using far = await cluster({ faults: [fault.parse({ fault: 'guest-crashes', after: '60s' })] })
  await using guest = await overConsole(far)
  await using program = await guest.start(testpmd, { prompt })
  await far.clock.sleep(60_000)
  const error: unknown = await program.send('show fwd stats all').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(GuestError)
  expect((error as GuestError).kind).toBe('dropped')
})

test('testpmd over SSH on a terminal of its own', async () => {
  const [userKey, hostKey] = [createKeyPair('user'), createKeyPair('host')]
  const userData = stringify(sshCloudConfig({ user: 'root', userKey: userKey.publicKey, hostKey }))
  await using far = await cluster({ userData })
  const connect = async () => {
    try {
      return await far.running.dial(22)
    } catch (error) {
      throw new ConnectionError(String(error), 'ECONNREFUSED', false, error)
    }
  }
  await using guest = await openSshGuest({
    ...common(far.clock),
    connect,
    username: 'root',
    privateKey: userKey.privateKey,
    hostKey: hostKey.publicKey,
  })
  await using program = await guest.start(testpmd, { prompt })
  expect(await program.send('start')).toContain('Logical Core 4')
  expect((await guest.run('pgrep testpmd')).exitCode).toBe(0)
  expect(await program.send('quit')).toMatch(/Bye\.\.\.\n$/)
})
