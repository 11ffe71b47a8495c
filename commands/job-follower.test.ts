import { expect, test } from 'vitest'
import { faultyServer, sendJson } from '../tests/faulty-server.ts'
import { JobFollower } from './job-follower.ts'
import { createOutput, type Output } from './output.ts'

const metadata = { name: 'latency', namespace: 'acceptance' }
const job = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { activeDeadlineSeconds: 60 } }
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name: 'latency-config' } }
const applied = { job, configMap }
const conditions = [{ type: 'Complete', status: 'True', message: 'as it should be' }]
const pod = (phase: string) => ({
  metadata: { name: 'latency-x', namespace: 'acceptance' },
  spec: { containers: [{ name: 'latency' }] },
  status: { phase },
})

function recorded(): { output: Output; text: () => string } {
  let text = ''
  const write = (more: string) => (text += more)
  return { output: createOutput(false, { stdout: { write }, stderr: { write } }), text: () => text }
}

test('a Job is followed over a lost connection and an overloaded cluster, each line of its log once', async () => {
  let looks = 0
  let streams = 0
  await using server = await faultyServer(({ path }, answer) => {
    if (path.includes('/log?')) {
      streams += 1
      answer.writeHead(200)
      answer.write(streams === 1 ? 'one\ntw' : 'one\ntwo\nthree\n')
      // Whoever is in between gives up in the middle of a line.
      if (streams === 1) setImmediate(() => answer.destroy())
      else answer.end()
    } else if (path.includes('/pods?')) {
      const phase = streams >= 2 ? 'Succeeded' : 'Running'
      sendJson(answer, 200, { metadata: {}, items: [pod(phase)] })
    } else {
      looks += 1
      const isOutage = looks > 1 && looks <= 3
      if (isOutage) sendJson(answer, 503, { kind: 'Status', code: 503, message: 'apiserver is shutting down' })
      else sendJson(answer, 200, { ...job, ...(streams >= 2 && { status: { conditions } }) })
    }
  })
  const client = await server.client({ retry: { retries: 0 } })
  const { output, text } = recorded()
  await new JobFollower(client, applied, output).follow(new AbortController().signal)
  const [first, ...rest] = text()
    .split('\n')
    .filter((line) => !/^(one|two|three)$/.test(line))
  expect(first).toBe('Pod latency-x: Running')
  expect(rest.join('\n')).toMatch(
    /^get jobs acceptance\/latency: .*apiserver is shutting down.*; the Job goes on meanwhile, and is asked for again and again\nPod latency-x: Succeeded\nthe cluster answers again\nJob latency: Complete: as it should be\n$/,
  )
  expect(text().match(/^(one|two|three)$/gm)).toEqual(['one', 'two', 'three'])
})

test('a Job that is gone is told, and its progress where its log may not be read', async () => {
  let looks = 0
  const annotations = { 'kubevirt-acceptance/progress': 'latency/blue: PING RUN', 'kubevirt-acceptance/claim': 'x' }
  await using server = await faultyServer(({ path }, answer) => {
    const status = (code: number, reason: string) =>
      sendJson(answer, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason })
    if (path.includes('/log?')) status(403, 'Forbidden')
    else if (path.includes('/pods?')) sendJson(answer, 200, { metadata: {}, items: [pod('Running')] })
    else if (path.includes('/configmaps/'))
      sendJson(answer, 200, { ...configMap, metadata: { ...configMap.metadata, annotations } })
    else {
      looks += 1
      if (looks <= 3) sendJson(answer, 200, job)
      else status(404, 'NotFound')
    }
  })
  const { output, text } = recorded()
  const follower = new JobFollower(await server.client({ retry: { retries: 0 } }), applied, output)
  await expect(follower.follow(new AbortController().signal)).rejects.toThrow(
    'Job acceptance/latency was removed by somebody else',
  )
  await follower[Symbol.asyncDispose]()
  expect(text()).toMatch(
    /^Pod latency-x: Running\nthe log of Pod latency-x cannot be followed: .*Forbidden.*\nprogress: latency\/blue: PING RUN\n$/,
  )
})
