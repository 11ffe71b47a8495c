/** Sends an image through CDI's upload proxy, as a stream, with fresh tokens and a few tries. */
import { Readable, Transform } from 'node:stream'
import { parseQuantity } from '../units/quantity.ts'
import { askProxy, type ProxyAnswer, type UploadProxyAddress } from './upload-proxy.ts'

export interface UploadOptions {
  address: UploadProxyAddress
  image: UploadSource
  /** Makes a token for the claim; asked again when one is no longer taken. */
  makeToken: () => Promise<string>
  pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
  /** Bytes sent so far in this try. */
  onProgress?: (sentBytes: number) => void
  onRetry?: (attempt: number, why: string) => void
}

export interface UploadSource {
  sizeBytes: number
  /** A new stream of all of its bytes, for each try. */
  open: () => Readable
}

export interface Uploaded {
  /** 1: at the first try. */
  attempts: number
  /** Whether the proxy answered before the image was converted. */
  isAsynchronous: boolean
}

/** The proxy did not take the image. */
export class UploadError extends Error {
  override readonly name = 'UploadError'
  /** HTTP status; 0: there was no answer. */
  readonly status: number

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

const mostAttempts = 5
const mostFreshTokens = 3
const pauseUnit = 50
const asynchronous = '/v1beta1/upload-async'
const synchronous = '/v1beta1/upload'

/**
 * @throws UploadError with what the proxy said, and what to do about it
 */
export async function uploadImage(options: UploadOptions): Promise<Uploaded> {
  const { address, signal, makeToken, pause, onRetry } = options
  let token = await makeToken()
  let freshTokens = 0
  const head = await askProxy(address, { method: 'HEAD', path: asynchronous, token, signal }).catch(() => undefined)
  signal.throwIfAborted()
  const path = head?.status === 200 ? asynchronous : synchronous
  for (let attempt = 1; ; attempt++) {
    const outcome = await send(options, path, token)
    if (!(outcome instanceof Error) && outcome.status === 200)
      return { attempts: attempt, isAsynchronous: path === asynchronous }
    const failure = outcome instanceof Error ? noAnswer(outcome) : refusal(outcome, options.image.sizeBytes)
    // A token that was made just now and is not taken will not be taken later either.
    const isStale = failure.status === 401 && attempt > 1 && freshTokens < mostFreshTokens
    const mayPass = failure.status === 0 || failure.status >= 500 || isStale
    if (!mayPass) throw failure
    if (attempt >= mostAttempts)
      throw new UploadError(`error uploading image after ${attempt} retries: ${failure.message}`, failure.status, {
        cause: failure,
      })
    onRetry?.(attempt, failure.message)
    if (isStale) {
      freshTokens++
      token = await makeToken()
    }
    await pause(attempt * Math.floor(Math.random() * pauseUnit), signal)
  }
}

async function send(
  { address, image, signal, onProgress }: UploadOptions,
  path: string,
  token: string,
): Promise<ProxyAnswer | Error> {
  let sentBytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sentBytes += chunk.length
      onProgress?.(sentBytes)
      done(null, chunk)
    },
  })
  const source = image.open()
  source.on('error', (error) => counted.destroy(error))
  counted.on('close', () => source.destroy())
  try {
    return await askProxy(address, {
      method: 'POST',
      path,
      token,
      body: { content: source.pipe(counted), sizeBytes: image.sizeBytes },
      signal,
    })
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    source.destroy()
  }
}

const noAnswer = (error: Error): UploadError =>
  new UploadError(`the upload broke off: ${error.message}. Look at the pods cdi-uploadproxy and cdi-upload-*`, 0, {
    cause: error,
  })

function refusal({ status, text }: ProxyAnswer, sizeBytes: number): UploadError {
  const said = `the upload proxy answered ${status}${text === '' ? '' : `: ${text}`}`
  const advice = adviceFor(status, text, sizeBytes)
  return new UploadError(advice === '' ? said : `${said}. ${advice}`, status)
}

function adviceFor(status: number, text: string, sizeBytes: number): string {
  const sizes = /virtual image size (\d+) is larger than the reported available storage (\d+)/.exec(text)
  if (sizes)
    return `The disk in the image (${mebibytes(Number(sizes[1]))}, in a file of ${mebibytes(sizeBytes)}) does not fit into the volume, of which ${mebibytes(Number(sizes[2]))} can be used; ask for a larger volume`
  if (text.includes('larger than the reported available storage')) return 'Ask for a larger volume'
  if (status === 401)
    return 'The token is not, or no longer, valid: compare the clocks of the nodes, and look at cdi-apiserver'
  if (status === 400) return 'Is it an image that CDI reads, and a token for this claim?'
  if (status === 409) return 'The volume has been filled already; upload into a new one'
  if (status === 503) return 'The upload pod of the claim is not ready, or busy; look at its events'
  return ''
}

const mebibytes = (bytes: number): string => `${(bytes / Number(parseQuantity('1Mi'))).toFixed(2)} MiB`

const blankChunk = Buffer.alloc(2 ** 20)

/** A raw image of nothing but zeros, made while it is sent. */
export const blankImage = (sizeBytes: number): UploadSource => ({
  sizeBytes,
  open: () => Readable.from(zeros(sizeBytes), { objectMode: false }),
})

function* zeros(sizeBytes: number): Generator<Buffer> {
  for (let left = sizeBytes; left > 0; left -= blankChunk.length)
    yield left >= blankChunk.length ? blankChunk : blankChunk.subarray(0, left)
}
