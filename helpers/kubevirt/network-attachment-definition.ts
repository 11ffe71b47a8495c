import { z } from 'zod'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'

type NetworkAttachmentDefinition = KubernetesObject & { spec?: { config?: string } }

export interface NetworkAttachment {
  /** How a VMI attaches to it: `sriov` for SR-IOV virtual functions, `bridge` for everything else. */
  binding: 'bridge' | 'sriov'
  /** CNI plugin types in the order of the configuration. */
  pluginTypes: string[]
  /** Extended resource that a pod on this network requests, from the annotation of the device plugin. */
  resourceName: string | undefined
}

const resourceNameAnnotation = 'k8s.v1.cni.cncf.io/resourceName'

const plugin = z.looseObject({ type: z.string().min(1) })
const configuration = z.union([z.looseObject({ plugins: z.array(plugin).min(1) }), plugin])

/**
 * Reads which plugins a network is made of. Nothing checks `spec.config` when a NAD is stored, so garbage is possible.
 * @throws Error that names the NAD and quotes its configuration
 */
export function networkAttachmentOf(definition: NetworkAttachmentDefinition): NetworkAttachment {
  const { metadata, spec } = definition
  const title = `NetworkAttachmentDefinition ${metadata.namespace ?? ''}/${metadata.name ?? ''}`
  const config = spec?.config
  if (config === undefined || config.trim() === '') {
    throw new Error(
      `${title} has no spec.config, so it cannot be told how a VMI attaches to it; write its CNI configuration there`,
    )
  }
  const parsed = configuration.safeParse(parseJson(title, config))
  if (!parsed.success) {
    throw new Error(`${title}: spec.config has neither "type" nor "plugins" with a "type" each; it is ${quote(config)}`)
  }
  const { data } = parsed
  const pluginTypes = 'plugins' in data ? pluginsOf(data.plugins) : [data.type]
  return {
    binding: pluginTypes.includes('sriov') ? 'sriov' : 'bridge',
    pluginTypes,
    resourceName: metadata.annotations?.[resourceNameAnnotation],
  }
}

function pluginsOf(plugins: unknown): string[] {
  return z
    .array(plugin)
    .parse(plugins)
    .map(({ type }) => type)
}

function parseJson(title: string, config: string): unknown {
  try {
    return JSON.parse(config)
  } catch (error) {
    throw new Error(`${title}: spec.config is not JSON (${(error as Error).message}); it is ${quote(config)}`, {
      cause: error,
    })
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text)
}
