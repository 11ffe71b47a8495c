import { z } from 'zod'

/** Which guests a fault strikes: a glob over VMI names (`*source*`); default all. */
export const guestSelector = z.string().min(1).default('*').describe('Glob over VMI names.')
