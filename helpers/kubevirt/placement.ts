import type { VmiOption } from './virtual-machine-instance.ts'

const hostname = 'kubernetes.io/hostname'

/** On this node and no other. */
export function withNodeAffinity(node: string): VmiOption {
  return ({ spec }) => {
    spec.affinity = {
      ...spec.affinity,
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: 'In', values: [node] }] }],
        },
      },
    }
  }
}

/** On any node without a pod of the given label, e.g. without the peer that carries the same one. */
export function withPodAntiAffinity(label: string, value: string): VmiOption {
  return ({ spec }) => {
    spec.affinity = {
      ...spec.affinity,
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            labelSelector: { matchExpressions: [{ key: label, operator: 'In', values: [value] }] },
            topologyKey: hostname,
          },
        ],
      },
    }
  }
}

/** As `withPodAntiAffinity`, where there is a choice: with the least weight, and ignored when there is none. */
export function withPreferredPodAntiAffinity(label: string, value: string): VmiOption {
  return ({ spec }) => {
    spec.affinity = {
      ...spec.affinity,
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 1,
            podAffinityTerm: {
              labelSelector: { matchExpressions: [{ key: label, operator: 'In', values: [value] }] },
              topologyKey: hostname,
            },
          },
        ],
      },
    }
  }
}

export function withNodeSelector(labels: Record<string, string>): VmiOption {
  return ({ spec }) => {
    spec.nodeSelector = { ...spec.nodeSelector, ...labels }
  }
}

/** Seconds between the request to shut down and the kill. */
export function withTerminationGracePeriod(seconds: number): VmiOption {
  return ({ spec }) => {
    spec.terminationGracePeriodSeconds = seconds
  }
}

/** What happens when the node is drained: `None` ends the VMI there, so that a measurement is not moved unnoticed. */
export function withEvictionStrategy(strategy: 'None' | 'LiveMigrate' | 'External'): VmiOption {
  return ({ spec }) => {
    spec.evictionStrategy = strategy
  }
}
