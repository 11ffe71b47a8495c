import type { ResultDeclaration } from '../../helpers/run/checkup-contract.ts'
import { declared } from '../result-declarations.ts'

/** There is no documented checkup of the platform; all of these are ours. */
export const platformResults: ResultDeclaration[] = declared('addition', [
  ['kubernetesVersion', '', 'Version of the API server.'],
  ['kubevirtVersion', '', 'Version of KubeVirt that its operator sees deployed.'],
  ['kubevirtOperatorVersion', '', 'Version of virt-operator.'],
  ['cdiVersion', '', 'Version of CDI that its operator sees deployed.'],
  ['cdiOperatorVersion', '', 'Version of cdi-operator.'],
  ['virtApiVersion', '', 'Version that virt-api tells.'],
  ['servedApiVersions', '', 'Served versions of the API groups in question.'],
  ['defaultStorageClass', '', 'Names of the default StorageClasses.'],
  ['defaultVirtStorageClass', '', 'Names of the default StorageClasses for VMs.'],
  ['uploadProxyURL', '', 'Address of the upload proxy for clients outside of the cluster.'],
  ['firstCertificateExpiry', '', 'When the first certificate of KubeVirt or CDI expires.'],
  ['baselineRun', '', 'Run that the VMs were compared with.'],
])
