import { z } from 'zod'
import { parseDuration } from '../units/duration.ts'

/** A Go duration such as `5m` or `1.5s`, kept as it was written. */
export const durationText = (description: string) =>
  z
    .string()
    .refine((text) => {
      try {
        parseDuration(text)
        return true
      } catch {
        return false
      }
    }, 'expected a Go duration such as 500us, 10ms, 5s, 1h30m')
    .describe(description)
