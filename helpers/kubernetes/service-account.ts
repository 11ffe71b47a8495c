/** The files that every pod finds about its service account. */
import { existsSync, readFileSync } from 'node:fs'

/** Put before the paths, for pods that are processes of this machine and have no file system of their own. */
export const podRootVariable = 'KUBEVIRT_ACCEPTANCE_POD_ROOT'

export const podRoot = (): string => process.env[podRootVariable] ?? ''

/** @param name `token`, `ca.crt` or `namespace` */
export const serviceAccountFile = (name: string): string =>
  `${podRoot()}/var/run/secrets/kubernetes.io/serviceaccount/${name}`

/** Namespace of the service account; undefined outside of pods. */
export function serviceAccountNamespace(): string | undefined {
  const path = serviceAccountFile('namespace')
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}
