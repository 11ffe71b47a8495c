/** Ways into a guest: the serial console, the guest agent, SSH. */
import { GuestError } from '../../helpers/guest/guest-error.ts'
import { createKeyPair, sshCloudConfig } from '../../helpers/guest/ssh-keys.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import { conditionOf } from '../../helpers/kubernetes/conditions.ts'
import { expected } from './answers.ts'
import { succeed } from './guest-commands.ts'
import { type Bench, type Context, consoleLogin, logIn, Machine } from './machine.ts'

async function runningMachine(bench: Bench, prefix: string, userData?: Record<string, unknown>) {
  const vm = await Machine.create(bench, {
    prefix,
    runStrategy: 'Always',
    ...(userData !== undefined && { userData }),
  })
  return { vm, machine: await vm.running() }
}

export async function liveConsole(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { machine } = await context.provision(() => runningMachine(bench, 'console'))
  await context.measure(async () => {
    const first = await logIn(bench, machine)
    const usable = async (guest: typeof first, subject: string) =>
      report.state({
        id: 'console-usable',
        subject,
        metric: 'exit code of `uname -r`',
        actual: String((await guest.run('uname -r')).exitCode),
        limit: '0',
      })
    await usable(first, 'first client')
    const second = await context.guest(machine, consoleLogin(context))
    await usable(second, 'second client')
    const outcome = await first.run('uname -r').then(
      () => 'still connected',
      (error: unknown) => {
        if (error instanceof GuestError && error.kind === 'dropped') return 'disconnected'
        throw error
      },
    )
    report.state({ id: 'console-takeover', metric: 'the first client is', actual: outcome, limit: 'disconnected' })
    await usable(second, 'second client, after the first was disconnected')
  })
}

export async function liveGuestAgent(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { vm, machine } = await context.provision(() => runningMachine(bench, 'agent'))
  await context.measure(async () => {
    await askWithoutAgent(bench, vm)
    const guest = await logIn(bench, machine)
    const { requireGuestAgent } = context.parameters
    const connected = await vm.condition('vmi', 'AgentConnected', 'True')
    report.state({
      id: 'agent-connected',
      metric: 'AgentConnected is',
      actual: connected,
      limit: requireGuestAgent ? 'True' : null,
    })
    if (connected !== 'True') return
    const { code, text } = await vm.ask('vmi', 'guestosinfo')
    if (code !== 200) {
      report.answer('vmi guestosinfo, agent connected', { code, text }, expected.done)
      return
    }
    const information = JSON.parse(text) as { hostname?: string; os?: { kernelRelease?: string } }
    const pairs = [
      ['hostname', information.hostname, 'hostname'],
      ['kernelRelease', information.os?.kernelRelease, 'uname -r'],
    ] as const
    for (const [subject, told, command] of pairs)
      report.state({
        id: 'agent-info',
        subject,
        metric: `guestosinfo says`,
        actual: told ?? 'nothing',
        limit: (await succeed(guest, command)).trim(),
      })
    for (const subresource of ['userlist', 'filesystemlist']) {
      const answer = await vm.ask('vmi', subresource)
      report.state({
        id: 'agent-lists',
        subject: subresource,
        metric: 'answered with',
        actual: answer.code === 200 && hasItems(answer.text) ? 'a list' : `${answer.code} ${answer.text}`,
        limit: 'a list',
      })
    }
  })
}

/** Asked before it can have connected; where it has, there is nothing to judge. */
async function askWithoutAgent({ report }: Bench, vm: Machine): Promise<void> {
  const isConnected = async () => conditionOf(await vm.readVmi(), 'AgentConnected') !== undefined
  if (await isConnected()) return
  const { code, text } = await vm.ask('vmi', 'guestosinfo')
  if (await isConnected()) return
  const wanted = expected.conflict('virtualmachineinstance', 'NAME', 'VMI does not have guest agent connected').text
  report.answer(
    'vmi guestosinfo, agent not connected',
    { code, text: text.replaceAll(vm.name, 'NAME') },
    { code: 500, text: wanted },
  )
}

const hasItems = (text: string): boolean => Array.isArray((JSON.parse(text) as { items?: unknown }).items)

export async function liveSsh(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { sshUser: username } = context.parameters
  const [user, host, stranger] = ['kubevirt-acceptance', 'host', 'stranger'].map((name) => createKeyPair(name))
  if (!user || !host || !stranger) throw new Error('three key pairs are needed')
  for (const { privateKey } of [user, host, stranger]) context.registerSecret(privateKey)
  const userData = sshCloudConfig({ user: username, userKey: user.publicKey, hostKey: host })
  const { machine } = await context.provision(() => runningMachine(bench, 'ssh', userData))
  await context.measure(async () => {
    const access = { access: 'ssh', username } as const
    const began = await context.clock.now()
    const guest = await context.guest(machine, { ...access, privateKey: user.privateKey, hostKey: host.publicKey })
    report.time('login', (await context.clock.now()) - began)
    const who = (await succeed(guest, 'id -un')).trim()
    report.state({
      id: 'ssh-login',
      metric: `${username} is`,
      actual: who === username ? 'logged in' : `logged in as ${who}`,
      limit: 'logged in',
    })
    const wrong = [
      ['ssh-wrong-key', { privateKey: stranger.privateKey, hostKey: host.publicKey }],
      ['ssh-host-key', { privateKey: user.privateKey, hostKey: stranger.publicKey }],
    ] as const
    for (const [id, keys] of wrong)
      report.state({
        id,
        metric: 'the login was',
        actual: await outcomeOf(context, machine, { ...access, ...keys }),
        limit: 'refused',
      })
  })
}

/** A server that is up refuses at once; it is asked again, since cloud-init may still be putting keys in place. */
const refusalLimit = { milliseconds: 20_000, setBy: 'time for a refusal' }

async function outcomeOf(
  context: Context,
  machine: VirtualMachine,
  login: Parameters<Context['guest']>[1],
): Promise<string> {
  try {
    await context.guest(machine, login, refusalLimit)
    return 'let in'
  } catch (error) {
    if (!(error instanceof GuestError)) throw error
    return error.kind === 'login-failed' ? 'refused' : `not refused: ${error.message}`
  }
}
