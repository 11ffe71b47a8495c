/** The plain pods that do what VMs do: fio on a volume of the pool, and nothing between. */
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { persistentVolumeClaim, type PersistentVolumeClaim } from '../../helpers/kubevirt/claims.ts'
import type { FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import { formatBytes } from '../../helpers/units/quantity.ts'
import {
  benchmarkScript,
  dataDirectory,
  deliveredJobFile,
  jobFilePath,
  scriptPath,
  workDirectory,
  type Delivery,
} from './benchmark-script.ts'
import { labelsOf, type MemberParts } from './machines.ts'
import { podSizePrefix } from './matrix.ts'
import type { StoragePool } from './pools.ts'

export const fioContainer = 'fio'

/** Of nobody in particular; the same as that of launcher pods. */
const userId = 107

/** Plain pods may not make a file system on a raw disk, and share their volume with nobody. */
export const podPool = (pool: StoragePool): StoragePool => ({
  ...pool,
  volumeMode: 'Filesystem',
  accessMode: 'ReadWriteOnce',
})

/** @param parts those of one pod; its claim stays for the pods that come after it */
export const podClaim = (parts: MemberParts): PersistentVolumeClaim =>
  persistentVolumeClaim({
    ...podPool(parts.pool),
    name: parts.name,
    namespace: parts.namespace,
    labels: podLabels(parts),
    size: parts.pvcSize,
  })

const fileName = (path: string): string => path.slice(workDirectory.length + 1)

/** What the pods of a permutation do. */
export const podConfigMap = (
  parts: MemberParts,
  { file, ...delivery }: Delivery & { file: FioJobFile },
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: parts.name, namespace: parts.namespace, labels: podLabels(parts) },
  data: {
    [fileName(jobFilePath)]: deliveredJobFile(file, delivery),
    [fileName(scriptPath)]: benchmarkScript({ shell: '/bin/sh', resultDirectory: null, report: null }),
  },
})

export interface BenchmarkPodParts extends MemberParts {
  image: string
  claim: string
  configMap: string
  /** Where its VM ran: the way to the storage is that of the node. null: not known. */
  preferredNode: string | null
  /** Whether the namespace has user ids of its own, from which OpenShift chooses. */
  usersAreChosen: boolean
}

export type PlainPod = KubernetesObject & {
  spec: {
    nodeName?: string
    containers: { name: string; image: string; [field: string]: unknown }[]
    [field: string]: unknown
  }
  status?: {
    phase?: string
    reason?: string
    message?: string
    conditions?: { type: string; status: string; reason?: string; message?: string }[]
    containerStatuses?: {
      state?: {
        waiting?: { reason?: string; message?: string }
        terminated?: { exitCode: number; reason?: string; message?: string }
      }
    }[]
  }
}

/** As the `restricted` standard of Pod Security asks for, with the CPUs and the memory of the VM. */
export function benchmarkPod(parts: BenchmarkPodParts): PlainPod {
  const { name, namespace, image, claim, configMap, vmSize, preferredNode, usersAreChosen } = parts
  const amounts = { cpu: String(vmSize.vcpus), memory: formatBytes(vmSize.memory) }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: podLabels(parts) },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 5,
      securityContext: {
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
        fsGroupChangePolicy: 'OnRootMismatch',
        ...(!usersAreChosen && { runAsUser: userId, runAsGroup: userId, fsGroup: userId }),
      },
      ...(preferredNode !== null && { affinity: { nodeAffinity: preferring(preferredNode) } }),
      containers: [
        {
          name: fioContainer,
          image,
          command: ['/bin/sh', scriptPath],
          workingDir: '/tmp',
          resources: { requests: amounts, limits: amounts },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          volumeMounts: [
            { name: 'job', mountPath: workDirectory, readOnly: true },
            { name: 'data', mountPath: dataDirectory },
          ],
        },
      ],
      volumes: [
        { name: 'job', configMap: { name: configMap } },
        { name: 'data', persistentVolumeClaim: { claimName: claim } },
      ],
    },
  }
}

/** Not more than a wish: the node may be full, or have gone. */
const preferring = (node: string) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [
    {
      weight: 100,
      preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] },
    },
  ],
})

const podLabels = (parts: MemberParts) => labelsOf(parts, `${podSizePrefix}${parts.vmSize.label}`)
