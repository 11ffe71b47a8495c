/** Parameters that hold lists: in a profile a list, in a ConfigMap text with commas between. */
import { z } from 'zod'
import { holds } from '../../helpers/profile/parameter-text.ts'

/** Texts that `read` takes, each once. @param normal what is kept of each */
export function textList(
  allowed: string,
  read: (text: string) => unknown,
  normal: (text: string) => string = (text) => text,
) {
  const error = `a list: each ${allowed}, and each once`
  return z
    .union([z.array(z.string({ error }), { error }), z.string()], { error })
    .transform((value) => (typeof value === 'string' ? value.split(',').map((word) => word.trim()) : value))
    .refine((list) => list.length > 0 && list.every((text) => holds(() => (read(text), true))), { error, abort: true })
    .transform((list) => list.map(normal))
    .refine((list) => new Set(list).size === list.length, { error, abort: true })
}

/** As `textList`, and may be empty. */
export function optionalTextList(allowed: string, read: (text: string) => unknown) {
  const error = `a list: each ${allowed}`
  return z
    .union([z.array(z.string({ error }), { error }), z.string()], { error })
    .transform((value) =>
      typeof value === 'string' ? (value.trim() === '' ? [] : value.split(',').map((word) => word.trim())) : value,
    )
    .refine((list) => list.every((text) => holds(() => (read(text), true))), { error, abort: true })
}

/** Whole numbers, each once. */
export function numberList({ min, max, unit }: { min: number; max: number; unit: string }) {
  const error = `a list of whole numbers, ${min} to ${max} ${unit}, each once`
  return z
    .union([z.array(z.union([z.int(error), z.string()], { error }), { error }), z.string(), z.int()], { error })
    .transform((value) => (typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [value]))
    .refine((list) => list.length > 0 && list.every((each) => typeof each === 'number' || /^\s*\d+\s*$/.test(each)), {
      error,
      abort: true,
    })
    .transform((list) => list.map(Number))
    .refine((list) => new Set(list).size === list.length && list.every((each) => each >= min && each <= max), {
      error,
      abort: true,
    })
}
