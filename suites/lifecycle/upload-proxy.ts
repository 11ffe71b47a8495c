/** Where images are uploaded to. */
import type { CdiConfig } from '../../helpers/cdi/storage.ts'
import { uploadProxyUrl } from '../../helpers/cdi/storage.ts'
import { isProxyReachable, type UploadProxyAddress } from '../../helpers/cdi/upload-proxy.ts'
import type { Context } from './machine.ts'

export async function findUploadProxy(context: Context): Promise<UploadProxyAddress | { reason: string }> {
  const { parameters, reader, signal } = context
  const found = await reader.get<CdiConfig>({
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'CDIConfig',
    name: 'config',
  })
  const config = 'known' in found ? found.known : null
  const url = parameters.uploadProxyUrl ?? uploadProxyUrl(config)
  if (url === null)
    return {
      reason:
        'CDI knows no address of its upload proxy (uploadProxyURL of CDIConfig is empty): expose the service cdi-uploadproxy, or set uploadProxyUrl',
    }
  const authority = config?.status?.uploadProxyCA
  const address: UploadProxyAddress = {
    url: url.includes('://') ? url : `https://${url}`,
    insecure: parameters.uploadInsecure,
    ...(authority !== undefined && authority !== '' && { certificateAuthority: authority }),
  }
  const unreachable = await isProxyReachable(address, signal)
  return unreachable === undefined
    ? address
    : { reason: `the upload proxy ${address.url} is not reached: ${unreachable}` }
}
