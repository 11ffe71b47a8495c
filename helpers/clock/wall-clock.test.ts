import { expect, test } from 'vitest'
import { wallClock } from './wall-clock.ts'

test('sleeps, and stops sleeping when it is aborted', async () => {
  const start = await wallClock.now()
  await wallClock.sleep(5)
  expect((await wallClock.now()) - start).toBeGreaterThanOrEqual(4)
  await expect(wallClock.sleep(60_000, AbortSignal.abort(new Error('interrupted')))).rejects.toThrow('interrupted')
  const controller = new AbortController()
  const sleeping = wallClock.sleep(60_000, controller.signal)
  controller.abort(new Error('no longer needed'))
  await expect(sleeping).rejects.toThrow('no longer needed')
})

test('a time limit aborts with a TimeoutError unless it is disposed', async () => {
  const disposed = wallClock.deadline(1)
  disposed[Symbol.dispose]()
  using limit = wallClock.deadline(2)
  await wallClock.sleep(30)
  expect(disposed.signal.aborted).toBe(false)
  expect(limit.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'the time limit of 0.002 s is over' })
})
