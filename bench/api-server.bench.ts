/** The embedded API server against a real one, which does 600 creates/s in a row and 1,210 with 16 clients on 2 cores. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'vitest'
import { ApiServer } from '../fixtures/embedded-cluster/api-server/api-server.ts'
import { kubevirtResourceDefinitions } from '../fixtures/embedded-cluster/kubevirt/resource-definitions.ts'
import { connectCluster } from '../helpers/kubernetes/cluster-client.ts'
import { vmi } from '../helpers/kubevirt/virtual-machine-instance.ts'
import { printFigure } from './figures.ts'

const parallel = 16
const perIteration = 800

test('objects over HTTPS', { timeout: 300_000 }, async ({ bench }) => {
  const server = new ApiServer({ resources: kubevirtResourceDefinitions })
  await server.listen()
  const client = await connectCluster({ kubeconfig: server.kubeconfig(), userAgent: 'bench' })
  let number = 0
  const configMap = () => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `bench-${number++}`, namespace: 'default' },
    data: { key: 'value' },
  })
  const creates = await bench(`create ${perIteration} ConfigMaps, ${parallel} at a time`, async () => {
    const lane = async () => {
      for (let i = 0; i < perIteration / parallel; i++) await client.create(configMap())
    }
    await Promise.all(Array.from({ length: parallel }, lane))
  }).run({ iterations: 5, warmupIterations: 1, time: 0, warmupTime: 0 })
  const one = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'bench-0' }
  const reads = await bench('GET a ConfigMap', async () => {
    await client.get(one)
  }).run({ time: 1000 })
  client.close()

  printFigure(`creates over HTTPS, ${parallel} parallel`, perIteration / (creates.latency.p50 / 1000), 'per s', {
    atLeast: 1200,
  })
  printFigure('GETs over HTTPS, in a row', 1000 / reads.latency.p50, 'per s', { atLeast: 855 })
  await server.close()
})

test('memory of 10,000 VMIs', { timeout: 120_000 }, async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const server = new ApiServer({ resources: kubevirtResourceDefinitions })
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const resource = { group: 'kubevirt.io', resource: 'virtualmachineinstances' }
  for (let i = 0; i < 10_000; i++) {
    const object = vmi(`vmi-${i}`)
    object.metadata.namespace = 'default'
    object.metadata.labels = { number: String(i) }
    server.store.create(resource, object)
  }
  collectGarbage()
  printFigure('heap of 10,000 VMIs', (process.memoryUsage().heapUsed - before) / 2 ** 20, 'MiB')
  await server.close()
})
