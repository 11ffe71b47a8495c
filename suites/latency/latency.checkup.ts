import { checkup } from '../../fixtures/checkup.ts'
import { createKeyPair } from '../../helpers/guest/ssh-keys.ts'
import { keepDocumentedStatus, provisionDocumented } from '../documented-status.ts'
import { runUpstreamCheckup } from '../upstream-engine.ts'
import { caseAddresses } from './addresses.ts'
import { latencyContract } from './contract.ts'
import { documentedFailure, setUpFailure } from './documented-status.ts'
import { judgeLatency, latencyRecording } from './judgement.ts'
import { latencyMachines, type MachineAccess, machineNames } from './machines.ts'
import { measurePath, paths, type Endpoint } from './procedure.ts'
import { upstreamLatency } from './upstream.ts'

checkup(latencyContract, async (context) => {
  const { parameters, runId, caseNumber, signal, measure, operation, record, judge } = context
  if (parameters.engine === 'upstream')
    return runUpstreamCheckup(context, upstreamLatency(parameters, context.namespace))

  const setUp = async () => {
    const network = {
      namespace: parameters.networkAttachmentDefinitionNamespace,
      name: parameters.networkAttachmentDefinitionName,
    }
    const { binding } = await context.network(network)
    const { sourceNode, targetNode } = parameters
    const access = machineAccess(parameters.guestAccess, context.registerSecret)
    const addresses = caseAddresses({ runId, caseNumber, ...parameters })
    const machines = latencyMachines({
      namespace: context.namespace,
      uid: `${runId}-${caseNumber}`,
      names: machineNames(),
      network: { ...network, binding },
      addresses,
      ipFamilies: parameters.ipFamilies,
      ...(sourceNode !== undefined &&
        targetNode !== undefined && { nodes: { source: sourceNode, target: targetNode } }),
      memory: context.guestMemory,
      image: parameters.containerDiskImage,
      documentedManifest: parameters.documentedManifest,
      access,
    })
    const bringUp = async (role: 'source' | 'target'): Promise<Endpoint> => {
      const machine = await context.virtualMachine(machines[role])
      const guest = await context.guest(machine, loginOf(access, role))
      const { ipv4, ipv6 } = addresses[role]
      return { guest, node: machine.node, addresses: { IPv4: ipv4.address, IPv6: ipv6.address } }
    }
    return Promise.all([bringUp('source'), bringUp('target')])
  }
  const [source, target] = await provisionDocumented(context, setUp, setUpFailure)

  const measured = await measure(async () => {
    const results = []
    for (const path of paths(source, target, parameters))
      results.push(
        await operation(
          'PING',
          path.subject,
          () => measurePath(path, parameters, { signal, keepRawOutput: context.keepRawOutput }),
          ({ packets, unreachable }) =>
            packets ? `${packets.received} of ${packets.transmitted} packets answered` : `nothing sent: ${unreachable}`,
        ),
      )
    return results
  })

  const findings = { sourceNode: source.node, targetNode: target.node, paths: measured }
  await record(latencyRecording(findings))
  await keepDocumentedStatus(context, documentedFailure(findings, parameters))
  judge(judgeLatency(findings, parameters, context.sources))
})

/** Keys are made for the case, and known to nobody else. */
function machineAccess(
  guestAccess: 'console' | 'ssh',
  registerSecret: (secret: string) => void,
): MachineAccess & { userPrivateKey?: string } {
  if (guestAccess === 'console') return { guestAccess }
  const user = createKeyPair('kubevirt-acceptance')
  const hostKeys = { source: createKeyPair('source'), target: createKeyPair('target') }
  for (const { privateKey } of [user, hostKeys.source, hostKeys.target]) registerSecret(privateKey)
  return { guestAccess, user: 'root', userKey: user.publicKey, userPrivateKey: user.privateKey, hostKeys }
}

function loginOf(access: MachineAccess & { userPrivateKey?: string }, role: 'source' | 'target') {
  if (access.guestAccess === 'console') return { access: 'console', login: { style: 'alpine' } } as const
  const { user: username, userPrivateKey: privateKey = '', hostKeys } = access
  return { access: 'ssh', username, privateKey, hostKey: hostKeys[role].publicKey } as const
}
