/** Checkups as Jobs of an embedded cluster, which people and their scripts apply, wait for and read. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Condition, KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { repository } from './acceptance-run.ts'
import { namespace, type SeparateCluster, separateCluster } from './separate-cluster.ts'

export type Documented = 'latency' | 'dpdk' | 'realtime'

interface Replacement {
  from: string | RegExp
  to: string
}

/** The documented manifests of a checkup, as YAML for the namespace of the tests. */
export function documentedManifests(checkup: Documented, replacements: readonly Replacement[] = []): string {
  const path = join(repository, 'tests/testdata/in-cluster', `${checkup}.yaml`)
  const text = readFileSync(path, 'utf8').replaceAll('<target-namespace>', namespace)
  return replacements.reduce((changed, { from, to }) => {
    if (!new RegExp(from).test(changed)) throw new Error(`${path} has no ${String(from)}`)
    return changed.replace(from, to)
  }, text)
}

/** A node that has what every documented checkup asks for. */
export const worker = (name: string) => ({
  name,
  cpus: 16,
  memory: '64Gi',
  hugepages1Gi: 8,
  labels: { 'kubevirt.io/realtime': 'true' },
  resources: { 'openshift.io/dpdk': 4 },
})

/** A cluster that has what the documented examples name: two workers, `blue-network` in `default`, and one for DPDK. */
export const documentedCluster = (embedded: Record<string, unknown> = {}): Promise<SeparateCluster> =>
  separateCluster({
    time: 'skipping',
    nodes: [worker('worker1'), worker('worker2')],
    networks: [
      { name: 'blue-network', namespace: 'default' },
      { name: 'dpdk-network', type: 'sriov', resourceName: 'openshift.io/dpdk' },
    ],
    ...embedded,
  })

const resources: Record<string, { group: string; resource: string }> = {
  ServiceAccount: { group: '', resource: 'serviceaccounts' },
  ConfigMap: { group: '', resource: 'configmaps' },
  Role: { group: 'rbac.authorization.k8s.io', resource: 'roles' },
  RoleBinding: { group: 'rbac.authorization.k8s.io', resource: 'rolebindings' },
  Job: { group: 'batch', resource: 'jobs' },
}

/** As `kubectl apply -n` does. */
export function apply({ cluster }: SeparateCluster, manifests: string, place = namespace): void {
  for (const document of parseAllDocuments(manifests)) {
    const object = document.toJS() as KubernetesObject & { subjects?: { namespace?: string }[] }
    for (const subject of object.subjects ?? []) subject.namespace ??= place
    cluster.store.create(resources[object.kind]!, { ...object, metadata: { ...object.metadata, namespace: place } })
  }
}

/** A Role in the namespace of the network, which the documented Role of the target namespace does not reach. */
export function allowNetwork(separate: SeparateCluster, account: string, place = 'default'): void {
  const group = 'rbac.authorization.k8s.io'
  const metadata = { name: 'networks' }
  apply(
    separate,
    [
      {
        apiVersion: `${group}/v1`,
        kind: 'Role',
        metadata,
        rules: [{ apiGroups: ['k8s.cni.cncf.io'], resources: ['network-attachment-definitions'], verbs: ['get'] }],
      },
      {
        apiVersion: `${group}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: group, kind: 'Role', name: metadata.name },
        subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
      },
    ]
      .map((each) => JSON.stringify(each))
      .join('\n---\n'),
    place,
  )
}

type Job = KubernetesObject & { status?: { conditions?: Condition[]; [field: string]: unknown } }

/** Until a pod of the Job runs. */
export async function untilRunning(separate: SeparateCluster, job: string): Promise<void> {
  const runs = () => podsOf(separate, job).some((pod) => (pod['status'] as { phase: string }).phase !== 'Pending')
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!runs()) return
      stop()
      resolve()
    }
    const stop = separate.cluster.store.subscribe({ group: '', resource: 'pods' }, () => setImmediate(look))
    look()
  })
}

/** @returns the Job once it is over, complete or failed */
export async function untilOver({ cluster }: SeparateCluster, name: string): Promise<Job> {
  const { store } = cluster
  const over = () => {
    const job: Job | undefined = store.get(resources['Job']!, name, namespace)
    return job?.status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed') ? job : undefined
  }
  return new Promise((resolve) => {
    const look = () => {
      const job = over()
      if (job === undefined) return
      stop()
      resolve(job)
    }
    const stop = store.subscribe(resources['Job']!, () => setImmediate(look))
    look()
  })
}

type ConfigMap = KubernetesObject & { data: Record<string, string>; binaryData?: Record<string, string> }

export const configMap = ({ cluster }: SeparateCluster, name: string): ConfigMap =>
  cluster.store.get(resources['ConfigMap']!, name, namespace) as ConfigMap

/** Name of the only pod of a Job. */
export function podsOf({ cluster }: SeparateCluster, job: string): KubernetesObject[] {
  return cluster.store.list({ group: '', resource: 'pods' }, { namespace, labelSelector: `job-name=${job}` })
}

/** What the only pod of a Job has printed. */
export function printedBy(separate: SeparateCluster, job: string): string {
  const [pod] = podsOf(separate, job)
  return pod === undefined ? '' : (separate.cluster.podLog(namespace, pod.metadata.name ?? '') ?? '')
}

const program = 'kubectl'

export function kubectl(
  { kubeconfigPath, folder }: SeparateCluster,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, KUBECONFIG: kubeconfigPath, HOME: folder, KUBECACHEDIR: join(folder, 'cache') }
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    )
  })
}

/** @returns the path of a file with that text, in the folder of the cluster */
export async function file({ folder }: SeparateCluster, name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

/** What `run --in-cluster --json` prints. */
export interface JobRun {
  exitCode: number
  runId: string
  directory: string
  status: Record<string, string>
  problems: string[]
  leftovers: string[]
}

export const documentIn = ({ directory }: JobRun): RunDocument =>
  JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as RunDocument
