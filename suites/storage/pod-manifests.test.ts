import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { benchmarkScript } from './benchmark-script.ts'
import { benchmarkPod, podClaim, podConfigMap, type BenchmarkPodParts } from './pod-manifests.ts'
import { parsePool } from './pools.ts'
import { profileJobFile } from './profiles.ts'
import { storagePodName } from './vm-names.ts'

const parts: BenchmarkPodParts = {
  name: 'one',
  namespace: 'ns',
  runId: 'run',
  pool: parsePool('rep3:Block:ReadWriteMany'),
  vmSize: { label: 'small', vcpus: 2, memory: 4n * 1024n ** 3n },
  pvcSize: '20Gi',
  image: 'lab/fio',
  claim: 'data',
  configMap: 'job',
  preferredNode: 'worker1',
  usersAreChosen: false,
}

test('a pod is as the restricted standard of Pod Security asks for, and as large as its VM', () => {
  const { spec } = benchmarkPod(parts)
  expect(spec).toMatchObject({
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 107,
      fsGroup: 107,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        image: 'lab/fio',
        resources: { requests: { cpu: '2', memory: '4Gi' }, limits: { cpu: '2', memory: '4Gi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
    volumes: [{ configMap: { name: 'job' } }, { persistentVolumeClaim: { claimName: 'data' } }],
  })
  expect(JSON.stringify(spec['affinity'])).toContain('"values":["worker1"]')
})

test('where OpenShift chooses users, none is asked for; where no node is known, none is preferred', () => {
  const { spec } = benchmarkPod({ ...parts, usersAreChosen: true, preferredNode: null })
  const { securityContext } = spec as { securityContext?: object }
  expect(securityContext).toEqual({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    fsGroupChangePolicy: 'OnRootMismatch',
  })
  expect(spec).not.toHaveProperty('affinity')
})

test('its volume is of the same class and size, with a file system, and its own', () => {
  expect(podClaim(parts).spec).toEqual({
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    resources: { requests: { storage: '20Gi' } },
    storageClassName: 'ocs-storagecluster-ceph-rbd',
  })
})

test('the ConfigMap has the job with what comes before it, and the script of the guests with its report on standard output', () => {
  const file = profileJobFile('random-rw', {
    blockSize: 4096,
    runtimeSeconds: 60,
    rampSeconds: 0,
    iodepth: 1,
    numjobs: 1,
    fileBytes: 2 ** 30,
    rateIops: null,
  })
  const { data } = podConfigMap(parts, { file, startAt: 1000, clearData: true }) as unknown as {
    data: Record<string, string>
  }
  expect(data['fio-job.fio']).toMatch(/^# clear data\n# lay out: 1073741824 fio-testfile\n# start at: 1000\n\[global\]/)
  const guest = benchmarkScript({ shell: '/bin/bash', resultDirectory: '/results', report: '/results/x.json' })
  const own = data['run-benchmark.sh'] ?? ''
  expect(own.split('\n').slice(1, -2)).toEqual(
    guest
      .split('\n')
      .slice(1, -2)
      .filter((line) => line !== 'mkdir -p /results'),
  )
  expect(own.trim().split('\n').at(-1)).toBe('fio --directory=/mnt/data --output-format=json+ "$job"')
  expect(spawnSync('sh', ['-n'], { input: own, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
})

test('names are valid, and differ for whatever differs', () => {
  const group = { pool: 'default', vmSize: 'small', pvcSize: '20Gi', concurrency: 1 }
  const load = { profile: 'random-rw', blockSize: '1M' }
  const names = [
    storagePodName(group, load, 1),
    storagePodName(group, load, 2),
    storagePodName(group, { ...load, blockSize: '1m' }, 1),
    storagePodName(group, { profile: 'random', blockSize: 'rw-1M' }, 1),
    storagePodName(group, null, 1),
    storagePodName({ ...group, pool: 'default-small', vmSize: '20gi' }, null, 1),
    storagePodName({ ...group, pool: 'a'.repeat(60) }, load, 1),
  ]
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^perf-pod-[a-z\d]([a-z\d-]{0,52}[a-z\d])$/)
})
