/** Uploads an image into a DataVolume, as `virtctl image-upload` does. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { blankImage, uploadImage, UploadError, type UploadSource } from '../../helpers/cdi/upload.ts'
import type { UploadProxyAddress } from '../../helpers/cdi/upload-proxy.ts'
import { WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import type { DataVolume } from '../../helpers/kubevirt/claims.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import { type Bench, type Context, stepLimit } from './machine.ts'
import { createVolume, type Filled, untilFilled } from './volumes.ts'

const progressPercent = 10
const mebibyte = 2 ** 20

export async function imageOf({ parameters }: Context): Promise<UploadSource> {
  const { imagePath, uploadSize } = parameters
  if (imagePath === undefined) return blankImage(Number(parseQuantity(uploadSize)))
  const { size } = await stat(imagePath)
  return { sizeBytes: size, open: () => createReadStream(imagePath, { highWaterMark: mebibyte }) }
}

/** The DataVolume, filled with the image; null when the image was not taken. */
export async function uploadVolume(
  bench: Bench,
  address: UploadProxyAddress,
  image: UploadSource,
): Promise<{ volume: DataVolume; filled: Filled | null }> {
  const { context, report } = bench
  const volume = await createVolume(bench, { prefix: 'upload', source: { kind: 'upload' } })
  await untilReadyForUpload(bench, volume)
  const began = await context.clock.now()
  const wallBegan = performance.now()
  const name = volume.metadata.name ?? ''
  const outcome = await context.operation('UPLOAD', `${(image.sizeBytes / mebibyte).toFixed(2)} MiB to ${name}`, () =>
    send(bench, { address, image, name }),
  )
  const seconds = (performance.now() - wallBegan) / 1000
  report.measure({
    name: 'uploadBytesPerSecond',
    // Bytes travel in real time, whatever the clock of the cluster does.
    value: outcome === 'taken' ? Math.round(image.sizeBytes / seconds) : null,
    unit: 'bytes/s',
    better: 'higher',
  })
  report.state({ id: 'upload', metric: 'the image was', actual: outcome, limit: 'taken' })
  if (outcome !== 'taken') return { volume, filled: null }
  const filled = await untilFilled(bench, volume)
  report.time('upload', (await context.clock.now()) - began)
  return { volume, filled }
}

/** `taken`, or why not. */
async function send(
  { context }: Bench,
  { address, image, name }: { address: UploadProxyAddress; image: UploadSource; name: string },
): Promise<string> {
  const { clock, namespace, signal, request, registerSecret, progress } = context
  let told = 0
  try {
    await uploadImage({
      address,
      image,
      signal,
      pause: (milliseconds, until) => clock.sleep(milliseconds, until),
      makeToken: async () => {
        const path = `/apis/upload.cdi.kubevirt.io/v1beta1/namespaces/${namespace}/uploadtokenrequests`
        const { body } = await request('POST', path, {
          apiVersion: 'upload.cdi.kubevirt.io/v1beta1',
          kind: 'UploadTokenRequest',
          metadata: { generateName: 'token-for-lifecycle-', namespace },
          spec: { pvcName: name },
        })
        const { status } = JSON.parse(body) as { status?: { token?: string } }
        if (status?.token === undefined)
          throw new Error(`UploadTokenRequest for claim ${name} was answered without a token`)
        registerSecret(status.token)
        return status.token
      },
      onProgress: (sent) => {
        const percent = Math.floor((100 * sent) / Math.max(image.sizeBytes, 1))
        if (percent < told + progressPercent) return
        told = percent - (percent % progressPercent)
        progress(
          'UPLOAD',
          name,
          `${(sent / mebibyte).toFixed(2)} of ${(image.sizeBytes / mebibyte).toFixed(2)} MiB, ${percent}%`,
        )
      },
      onRetry: (attempt, why) => progress('UPLOAD', name, `try ${attempt} failed: ${why}`),
    })
    return 'taken'
  } catch (error) {
    if (!(error instanceof UploadError)) throw error
    return error.message
  }
}

async function untilReadyForUpload({ context }: Bench, volume: DataVolume): Promise<void> {
  let last = ''
  try {
    await context.waitFor<DataVolume, true>(volume, {
      describe: 'be ready for an upload',
      until: ({ status }) => {
        last = status?.phase ?? ''
        return last === 'UploadReady' ? true : undefined
      },
      limit: stepLimit(context),
    })
  } catch (error) {
    if (!(error instanceof WaitTimeoutError) || !['WaitForFirstConsumer', 'PendingPopulation'].includes(last))
      throw error
    throw new Error(`cannot upload to DataVolume in ${last} phase, make sure the PVC is Bound: ${error.message}`, {
      cause: error,
    })
  }
}
