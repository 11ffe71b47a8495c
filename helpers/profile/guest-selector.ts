import { z } from 'zod'

/** Which guests a fault strikes: a glob over VMI names (`*source*`), and names of pods that run programs of guests; default all. */
export const guestSelector = z
  .string()
  .min(1)
  .default('*')
  .describe('Glob over names of VMIs, and of pods that run to their end.')
