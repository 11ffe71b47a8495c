/** Whether network policies are enforced for VMs: only then does it say something that a VM can be reached. */
import { GuestError } from '../../helpers/guest/guest-error.ts'
import { createKeyPair, sshCloudConfig } from '../../helpers/guest/ssh-keys.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import type { GuestLogin } from '../../fixtures/guest.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import type { TimeLimit } from '../../fixtures/checkup-context.ts'
import { succeed } from './guest-commands.ts'
import { type Bench, caseLabel, caseLabelValue, lacks, Machine } from './machine.ts'

/** CNI plugins take a moment to enforce a policy, and to forget it. */
const settleMilliseconds = 10_000
const cutOffLimit: TimeLimit = { milliseconds: 20_000, setBy: 'time for a connection that must fail' }

export async function liveNetworkPolicy(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { namespace, clock, signal, parameters } = context
  const [user, host] = [createKeyPair('kubevirt-acceptance'), createKeyPair('host')]
  for (const { privateKey } of [user, host]) context.registerSecret(privateKey)
  const { sshUser: username } = parameters
  const login: GuestLogin = { access: 'ssh', username, privateKey: user.privateKey, hostKey: host.publicKey }
  const machine = await context.provision(async () => {
    const userData = sshCloudConfig({ user: username, userKey: user.publicKey, hostKey: host })
    return (await Machine.create(bench, { prefix: 'policy', runStrategy: 'Always', userData })).running()
  })
  const state = (subject: string, actual: string, limit: string) =>
    report.state({ id: 'policy-enforced', subject, metric: 'over SSH the VM is', actual, limit })
  await context.measure(async () => {
    state('without a policy', await reach(bench, machine, login), 'reached')
    const policy = await context.create<KubernetesObject>({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: randomName('lifecycle-deny-'), namespace },
      spec: { podSelector: { matchLabels: { [caseLabel]: caseLabelValue(context) } }, policyTypes: ['Ingress'] },
    })
    await clock.sleep(settleMilliseconds, signal)
    const under = await reach(bench, machine, login, cutOffLimit)
    if (under === 'reached')
      lacks(
        bench,
        'the cluster does not enforce NetworkPolicies: a VM was reached although a policy denies all ingress to it',
      )
    state('while a policy denies all ingress', under, 'not reached')
    await context.release([policy])
    await clock.sleep(settleMilliseconds, signal)
    state('when the policy is gone', await reach(bench, machine, login), 'reached')
  })
}

async function reach(
  { context }: Bench,
  machine: VirtualMachine,
  login: GuestLogin,
  limit?: TimeLimit,
): Promise<'reached' | 'not reached'> {
  try {
    await succeed(await context.guest(machine, login, limit), 'true')
    return 'reached'
  } catch (error) {
    if (!(error instanceof GuestError) || error.kind === 'login-failed') throw error
    return 'not reached'
  }
}
