import { expect, test } from 'vitest'
import type { Guest } from '../../helpers/guest/guest.ts'
import { readClocks } from './guest-commands.ts'

test('of several readings of two clocks the one counts that took the least time, at its half', async () => {
  let now = 1_000_000
  // There, and back again; the guest was started at 900,000.
  const ways = [
    [70, 30],
    [500, 5],
    [12, 8],
    [40, 40],
    [15, 90],
  ]
  const guest = {
    vmi: 'ns/vm',
    run: () => {
      const [there = 0, back = 0] = ways.shift() ?? []
      const stdout = `${(now + there - 900_000) / 1000} 1.00\n`
      now += there + back
      return Promise.resolve({ stdout, exitCode: 0 })
    },
  }
  const read = await readClocks(guest as unknown as Guest, { now: () => Promise.resolve(now) })
  expect(ways).toEqual([])
  // 100 ms and 505 ms have passed before the third.
  expect(read).toEqual({ guest: 100_617, cluster: 1_000_615 })
})
