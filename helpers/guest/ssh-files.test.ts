import { expect, test } from 'vitest'
import { fault } from '../profile/embedded-cluster.ts'
import type { Fault } from '../profile/embedded-cluster.ts'
import { fedoraImage, GuestBench } from '../../fixtures/embedded-cluster/guests/scripted/testing/guest-bench.ts'
import type { Guest } from './guest.ts'
import { openSshGuest, type SshGuestOptions } from './ssh-guest.ts'
import { createKeyPair } from './ssh-keys.ts'

const keys = createKeyPair()

async function sshGuest(
  bench: GuestBench,
  options: Partial<SshGuestOptions> & { faults?: Fault[] } = {},
): Promise<Guest> {
  const { faults = [], ...rest } = options
  const guest = await bench.start({
    image: fedoraImage,
    cloudInit: { userData: `#cloud-config\nssh_authorized_keys: ["${keys.publicKey}"]\n` },
    faults,
  })
  await bench.clock.sleep(10_000)
  return await openSshGuest({
    vmi: 'acceptance/vmi1',
    connect: () => guest.dial(22),
    username: 'fedora',
    privateKey: keys.privateKey,
    clock: bench.clockOutside,
    timeouts: { connect: 60_000, login: 60_000, command: 30_000 },
    signal: new AbortController().signal,
    ...rest,
  })
}

const drops = (times: number) => fault.parse({ fault: 'ssh-drops', times })

test('files are written and read, byte by byte', async () => {
  await using bench = new GuestBench()
  await using guest = await sshGuest(bench)
  const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 13) % 256))
  await guest.files?.writeFile('data.bin', content, { mode: 0o600 })
  expect((await guest.files?.readFile('/home/fedora/data.bin'))?.equals(content)).toBe(true)
  expect((await guest.run('stat -c "%a %s" data.bin')).stdout).toBe('600 200000\n')
  await guest.files?.writeFile('text', 'grüß')
  expect(String(await guest.files?.readFile('text'))).toBe('grüß')
})

test('a file that is not there is an error that says what to look at', async () => {
  await using bench = new GuestBench()
  await using guest = await sshGuest(bench)
  await expect(guest.files?.readFile('/nowhere/file')).rejects.toMatchObject({
    kind: 'file',
    message:
      'The guest of VMI "acceptance/vmi1" refused to read /nowhere/file over sftp: No such file or directory. Look at the path and at the rights of user "fedora".',
  })
})

test('a command reads its input to the end, and no further', async () => {
  await using bench = new GuestBench()
  await using guest = await sshGuest(bench)
  const input = 'line\n'.repeat(50_000)
  expect((await guest.run('wc -c', { input })).stdout.trim()).toBe('250000')
  expect(await guest.run('cat; exit 7', { input: 'x' })).toMatchObject({ stdout: 'x', exitCode: 7 })
})

test('a connection that drops is opened anew for the next command, where that is asked for', async () => {
  await using bench = new GuestBench()
  await using guest = await sshGuest(bench, { faults: [drops(1)], reconnect: true })
  await expect(guest.run('echo first')).rejects.toMatchObject({ kind: 'dropped' })
  expect((await guest.run('echo second')).stdout).toBe('second\n')
  expect(String(await guest.files?.readFile('/etc/hostname'))).not.toBe('')
})

test('without that it stays dropped', async () => {
  await using bench = new GuestBench()
  await using guest = await sshGuest(bench, { faults: [drops(1)] })
  await expect(guest.run('echo first')).rejects.toMatchObject({ kind: 'dropped' })
  await expect(guest.run('echo second')).rejects.toMatchObject({ kind: 'dropped' })
})
