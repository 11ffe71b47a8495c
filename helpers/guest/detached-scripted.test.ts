/** Detached commands in the scripted guests of the embedded cluster, with both of their shells. */
import { expect, test } from 'vitest'
import {
  alpineImage,
  GuestBench,
  realtimeImage,
} from '../../fixtures/embedded-cluster/guests/scripted/testing/guest-bench.ts'
import { openConsoleGuest } from './console-guest.ts'
import { startDetached } from './detached-command.ts'

const userData = '#cloud-config\nuser: root\npassword: redhat\nchpasswd: { expire: False }\n'
const flavours = [
  [alpineImage, { style: 'alpine' }],
  [realtimeImage, { style: 'password', user: 'root', password: 'redhat' }],
] as const

test.each(flavours)('%s runs a command of minutes, and a dropped console is picked up again', async (image, login) => {
  await using bench = new GuestBench()
  const { clockOutside: clock } = bench
  const running = await bench.start({
    name: 'vmi1',
    image,
    cloudInit: { userData },
  })
  const consoles: ReturnType<typeof running.openConsole>[] = []
  await using guest = await openConsoleGuest({
    vmi: 'acceptance/vmi1',
    connect: () => {
      consoles.push(running.openConsole())
      return Promise.resolve(consoles.at(-1)!)
    },
    login,
    hostNames: ['vmi1', 'localhost', 'centos'],
    clock,
    timeouts: { connect: 10_000, login: 180_000, command: 30_000 },
    signal: new AbortController().signal,
    reconnect: true,
  })
  const before = await clock.now()
  let directory: string
  {
    await using detached = await startDetached(guest, 'echo begun; sleep 300; echo ended; echo "{}" >r.json; exit 4', {
      clock,
    })
    directory = detached.directory
    const dropping = clock.sleep(100_000).then(() => consoles.at(-1)!.destroy())
    const result = await detached.wait({ timeoutMilliseconds: 600_000, expectedMilliseconds: 300_000 })
    await dropping
    expect(result).toMatchObject({ exitCode: 4, stdout: 'begun\nended\n', stderr: '' })
    expect(await detached.readFile('r.json')).toBe('{}\n')
  }
  expect(consoles.length).toBe(2)
  expect((await clock.now()) - before).toBeGreaterThanOrEqual(300_000)
  expect((await guest.run(`ls ${directory}`)).exitCode).not.toBe(0)
})

test.each(flavours)('%s is rid of a command that was cancelled', async (image, login) => {
  await using bench = new GuestBench()
  const { clockOutside: clock } = bench
  const running = await bench.start({ name: 'vmi1', image, cloudInit: { userData } })
  await using guest = await openConsoleGuest({
    vmi: 'acceptance/vmi1',
    connect: () => Promise.resolve(running.openConsole()),
    login,
    hostNames: ['vmi1', 'localhost', 'centos'],
    clock,
    timeouts: { connect: 10_000, login: 180_000, command: 30_000 },
    signal: new AbortController().signal,
  })
  const detached = await startDetached(guest, 'sleep 12345', { clock })
  expect((await guest.run('pgrep -f "sleep 1234[5]"')).exitCode).toBe(0)
  await detached.cancel()
  expect((await guest.run('pgrep -f "sleep 1234[5]"')).exitCode).toBe(1)
  expect((await guest.run('ls -a /tmp')).stdout).not.toContain('detached-')
})
