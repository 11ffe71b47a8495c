import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { isProxyReachable, type UploadProxyAddress } from './upload-proxy.ts'
import { blankImage, uploadImage, UploadError, type UploadOptions } from './upload.ts'

const mebibyte = 2 ** 20

interface Seen {
  method: string
  path: string
  authorization: string | undefined
  contentLength: string | undefined
  bytes: number
}

type Reply = readonly [status: number, text?: string]

/** A proxy that answers each POST with the next of `replies`, and the last one from then on. */
async function proxy(replies: readonly Reply[], { head = 200, readsBody = true } = {}) {
  const seen: Seen[] = []
  let posts = 0
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request
    const { authorization } = headers
    const entry: Seen = { method, path: url, authorization, contentLength: headers['content-length'], bytes: 0 }
    seen.push(entry)
    if (method !== 'POST') {
      response.writeHead(url === '/healthz' ? 200 : head).end()
      return
    }
    if (readsBody) for await (const chunk of request) entry.bytes += (chunk as Buffer).length
    const [status, text = ''] = replies[Math.min(posts, replies.length - 1)] ?? [500]
    posts++
    response.writeHead(status, { connection: 'close' }).end(text)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address: UploadProxyAddress = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    insecure: false,
  }
  return { address, seen, posts: () => seen.filter(({ method }) => method === 'POST') }
}

function options(address: UploadProxyAddress, given: Partial<UploadOptions> = {}): UploadOptions {
  let tokens = 0
  return {
    address,
    image: blankImage(3 * mebibyte + 5),
    makeToken: async () => `token-${++tokens}`,
    pause: () => Promise.resolve(),
    signal: new AbortController().signal,
    ...given,
  }
}

test('an image goes to the asynchronous path, with its length and a token, where the proxy has that', async () => {
  const { address, posts } = await proxy([[200]])
  const progress: number[] = []
  const uploaded = await uploadImage(options(address, { onProgress: (sent) => progress.push(sent) }))
  expect(uploaded).toEqual({ attempts: 1, isAsynchronous: true })
  expect(posts()).toEqual([
    {
      method: 'POST',
      path: '/v1beta1/upload-async',
      authorization: 'Bearer token-1',
      contentLength: String(3 * mebibyte + 5),
      bytes: 3 * mebibyte + 5,
    },
  ])
  expect(progress.at(-1)).toBe(3 * mebibyte + 5)
  expect(progress).toEqual(progress.toSorted((one, other) => one - other))
})

test('it goes to the synchronous path otherwise', async () => {
  const { address, posts } = await proxy([[200]], { head: 404 })
  expect((await uploadImage(options(address))).isAsynchronous).toBe(false)
  expect(posts()[0]?.path).toBe('/v1beta1/upload')
})

test('a proxy that is not ready is asked again, with all bytes', async () => {
  const { address, posts } = await proxy([[503, 'not ready'], [500], [200]])
  const retries: string[] = []
  const { attempts } = await uploadImage(
    options(address, { onRetry: (attempt, why) => retries.push(`${attempt} ${why}`) }),
  )
  expect(attempts).toBe(3)
  expect(posts().map(({ bytes }) => bytes)).toEqual(Array.from({ length: 3 }, () => 3 * mebibyte + 5))
  expect(retries[0]).toMatch(/^1 the upload proxy answered 503: not ready\. The upload pod of the claim is not ready/)
})

test('it is not asked for ever', async () => {
  const { address, posts } = await proxy([[503, 'busy']])
  await expect(uploadImage(options(address))).rejects.toThrow(
    /^error uploading image after 5 retries: the upload proxy answered 503: busy/,
  )
  expect(posts()).toHaveLength(5)
})

test('a new token that is not taken is the end', async () => {
  const { address, posts } = await proxy([[401]])
  await expect(uploadImage(options(address))).rejects.toMatchObject({ status: 401, message: /compare the clocks/ })
  expect(posts()).toHaveLength(1)
})

test('a token that has expired meanwhile is replaced', async () => {
  const { address, posts } = await proxy([[503], [401], [200]])
  await uploadImage(options(address))
  expect(posts().map(({ authorization }) => authorization)).toEqual([
    'Bearer token-1',
    'Bearer token-1',
    'Bearer token-2',
  ])
})

test('tokens are not replaced for ever', async () => {
  const { address, posts } = await proxy([[503], [401]])
  await expect(uploadImage(options(address))).rejects.toMatchObject({ status: 401 })
  expect(posts()).toHaveLength(5)
})

test('an image that is too large is explained with both sizes', async () => {
  const text =
    'Saving stream failed: effective image size is larger than the reported available storage: Unable to convert source data to target format: virtual image size 1073741824 is larger than the reported available storage 536870912. A larger PVC is required'
  const { address, posts } = await proxy([[400, text]])
  const error = await uploadImage(options(address)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UploadError)
  expect((error as Error).message).toBe(
    `the upload proxy answered 400: ${text}. The disk in the image (1024.00 MiB, in a file of 3.00 MiB) does not fit into the volume, of which 512.00 MiB can be used; ask for a larger volume`,
  )
  expect(posts()).toHaveLength(1)
})

test('an answer that comes before the body was taken counts, and not the connection that breaks', async () => {
  const { address } = await proxy([[409]], { readsBody: false })
  await expect(uploadImage(options(address, { image: blankImage(64 * mebibyte) }))).rejects.toMatchObject({
    status: 409,
    message: /filled already/,
  })
})

test('an image that cannot be read is told', async () => {
  const { address } = await proxy([[200]])
  const open = () =>
    new Readable({
      read() {
        this.destroy(new Error('ENOENT: no such file, disk.qcow2'))
      },
    })
  await expect(uploadImage(options(address, { image: { sizeBytes: 10, open } }))).rejects.toThrow(/disk\.qcow2/)
})

test('it ends with its signal', async () => {
  const { address } = await proxy([[200]])
  const controller = new AbortController()
  const upload = uploadImage(
    options(address, {
      image: blankImage(1024 * mebibyte),
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    }),
  )
  await expect(upload).rejects.toThrow('enough')
})

test('1 GiB is sent in constant memory', { timeout: 120_000 }, async () => {
  const { address, posts } = await proxy([[200]])
  const size = 1024 * mebibyte
  const used = () => {
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = used()
  let largest = 0
  let told = 0
  await uploadImage(
    options(address, {
      image: blankImage(size),
      onProgress: () => {
        if (++told % 16 === 0) largest = Math.max(largest, used() - before)
      },
    }),
  )
  expect(posts()[0]?.bytes).toBe(size)
  expect(largest).toBeGreaterThan(0)
  expect(largest).toBeLessThan(96 * mebibyte)
})

test('a proxy is reached, or it is said why not', async () => {
  const { address } = await proxy([[200]])
  const { signal } = new AbortController()
  expect(await isProxyReachable(address, signal)).toBeUndefined()
  expect(await isProxyReachable({ url: 'http://127.0.0.1:1', insecure: false }, signal)).toMatch(/ECONNREFUSED/)
})
