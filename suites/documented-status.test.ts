import { expect, test } from 'vitest'
import { provisionDocumented } from './documented-status.ts'

function contextOf() {
  const kept: Record<string, string> = {}
  return {
    kept,
    provision: <T>(body: () => Promise<T>) => body(),
    keepRawOutput: (name: string, content: string) => {
      kept[name] = content
      return Promise.resolve(name)
    },
  }
}

test('a set-up that fails leaves what the documented checkup says of it, and fails on', async () => {
  const context = contextOf()
  const error = new Error('no node is free')
  const failureReason = (cause: unknown) => `setup: ${(cause as Error).message}`
  await expect(provisionDocumented(context, () => Promise.reject(error), failureReason)).rejects.toBe(error)
  expect(context.kept).toEqual({
    'documented-status.txt': 'status.succeeded: "false"\nstatus.failureReason: "setup: no node is free"\n',
  })
})

test('a set-up that succeeds leaves the status to the measurement', async () => {
  const context = contextOf()
  expect(await provisionDocumented(context, () => Promise.resolve(7), String)).toBe(7)
  expect(context.kept).toEqual({})
})
