/**
 * Stands in for the program of an upstream checkup in a Job of the embedded cluster: reads and writes the documented
 * ConfigMap with its service account, and ends as it is told to. `node upstream-stand-in.ts <behaviour>`
 */
import { clockVariable, connectRemoteClock } from '../../helpers/clock/remote-clock.ts'
import { connectCluster } from '../../helpers/kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { vmi } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import { withMemory } from '../../helpers/kubevirt/memory.ts'
import { withNamespace, withOwner } from '../../helpers/kubevirt/metadata.ts'

type ConfigMap = KubernetesObject & { data: Record<string, string> }

const { CONFIGMAP_NAMESPACE: namespace = '', CONFIGMAP_NAME: name = '', HOSTNAME = '', POD_UID = '' } = process.env
const client = await connectCluster({ userAgent: 'Go-http-client/2.0' })
const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name }

async function write(status: Record<string, string>): Promise<void> {
  const configMap = await client.get<ConfigMap>(reference)
  const written = Object.entries(status).map(([key, value]) => [`status.${key}`, value])
  await client.update({ ...configMap, data: { ...configMap.data, ...Object.fromEntries(written) } })
}

function fail(reason: string): never {
  process.stderr.write(`2026/11/20 09:30:39 Kubevirt VM latency checkup failed: ${reason}\n`)
  process.exit(1)
}

const behaviour = process.argv[2] ?? ''
const start = { startTimestamp: '2026-11-20T09:29:58Z' }
const completion = { completionTimestamp: '2026-11-20T09:30:39Z' }
const nodes = { 'result.sourceNode': 'worker1', 'result.targetNode': 'worker2' }
const latencies = (max: string) => ({
  'result.minLatencyNanoSec': max === '0' ? '0' : '314000',
  'result.avgLatencyNanoSec': max === '0' ? '0' : '1561000',
  'result.maxLatencyNanoSec': max,
  'result.measurementDurationSec': max === '0' ? '0' : '5',
})
const success = { succeeded: 'true', failureReason: '' }
const failure = (failureReason: string) => ({ succeeded: 'false', failureReason })

if (behaviour === 'no-status') fail('"sample_duration_seconds" parameter is invalid')
await write(start)
switch (behaviour) {
  case 'success':
    await write({ ...completion, ...success, ...nodes, ...latencies('4549000') })
    break
  case 'threshold':
    await write({
      ...completion,
      ...failure('run : actual max latency "15.272ms" is greater than desired "10ms"'),
      ...nodes,
      ...latencies('15272000'),
    })
    fail('run : actual max latency "15.272ms" is greater than desired "10ms"')
  case 'no-connectivity':
    await write({
      ...completion,
      ...failure('run: ping parser: no connectivity - 100% packet loss'),
      ...nodes,
      ...latencies('0'),
    })
    fail('run: ping parser: no connectivity - 100% packet loss')
  case 'setup':
    await write({ ...completion, ...failure('setup: network-attachment-definitions.k8s.cni.cncf.io "blue" not found') })
    fail('setup: network-attachment-definitions.k8s.cni.cncf.io "blue" not found')
  case 'crash':
    await write({ ...completion, ...success })
    process.stderr.write('panic: runtime error: index out of range [0] with length 0\n')
    process.exit(2)
  case 'empty':
    await write({ ...completion, ...success })
    break
  case 'hangs':
    await client.create(
      vmi(
        'latency-check-source-xxxxx',
        withNamespace(namespace),
        withMemory('128Mi'),
        withOwner({ apiVersion: 'v1', kind: 'Pod', name: HOSTNAME, uid: POD_UID }),
      ),
    )
    await (await connectRemoteClock(process.env[clockVariable] ?? '')).sleep(600_000)
    break
  default:
    throw new Error(`no behaviour "${behaviour}"`)
}
client.close()
