import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { onSignals } from './signals.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

test('copies of one signal count once; another signal, or the same one later, counts again', () => {
  const seen: string[] = []
  {
    using _listening = onSignals((signal, count) => seen.push(`${count} ${signal}`))
    process.emit('SIGHUP', 'SIGHUP')
    process.emit('SIGHUP', 'SIGHUP')
    vi.advanceTimersByTime(400)
    process.emit('SIGHUP', 'SIGHUP')
    expect(seen).toEqual(['1 SIGHUP'])
    vi.advanceTimersByTime(800)
    process.emit('SIGHUP', 'SIGHUP')
    expect(seen).toEqual(['1 SIGHUP', '2 SIGHUP'])
  }
  process.emit('SIGHUP', 'SIGHUP')
  expect(seen).toHaveLength(2)
})
