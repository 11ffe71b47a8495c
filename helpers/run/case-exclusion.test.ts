import { expect, test } from 'vitest'
import { casesAtOnce, disturbEachOther, undisturbedSets } from './case-exclusion.ts'
import type { CaseExclusion } from './checkup-contract.ts'

const on = (...storageClasses: (string | null)[]): CaseExclusion => ({ storageClasses, wholeCluster: false })
const alone: CaseExclusion = { storageClasses: [], wholeCluster: true }

test.each<[string, CaseExclusion | undefined, CaseExclusion | undefined, string[], boolean]>([
  ['one class', on('fast'), on('fast'), ['standard'], true],
  ['different classes', on('fast'), on('slow'), ['standard'], false],
  ['one of several classes', on('fast', 'slow'), on('slow'), ['standard'], true],
  ['the default class by its name', on(null), on('standard'), ['standard'], true],
  ['the default class and another one', on(null), on('fast'), ['standard'], false],
  ['a default class that nobody knows', on(null), on('fast'), [], true],
  ['the class for VMs, which is not that for all others', on('virt'), on(null), ['standard', 'virt'], true],
  ['the whole cluster', alone, on('fast'), ['standard'], true],
  ['the whole cluster beside a case that does not say', undefined, alone, ['standard'], true],
  ['cases that do not say', undefined, undefined, ['standard'], false],
])('%s', (_, one, other, defaultClasses, expected) => {
  expect(disturbEachOther(one, other, defaultClasses)).toBe(expected)
  expect(disturbEachOther(other, one, defaultClasses)).toBe(expected)
})

test('auto is as many as there are storage classes, and one where nobody knows what disturbs a case', () => {
  expect(casesAtOnce('auto', [on('fast'), on('fast'), on('slow'), on(null)])).toBe(3)
  expect(casesAtOnce('auto', [on('fast'), undefined, on('slow')])).toBe(1)
  expect(casesAtOnce('auto', [alone])).toBe(1)
  expect(casesAtOnce('auto', [])).toBe(1)
  expect(casesAtOnce(4, [on('fast'), undefined])).toBe(4)
})

test('what disturbs each other stays together', () => {
  const cases = [on('a'), undefined, on('b'), on('a'), undefined, on('b', 'c'), on('d'), on('c')]
  const sets = undisturbedSets(
    cases.map((exclusion, index) => ({ exclusion, index })),
    ({ exclusion }) => exclusion,
  )
  expect(sets.map((set) => set.map(({ index }) => index))).toEqual([[0, 3], [1], [2, 5, 7], [4], [6]])
  const joined = undisturbedSets([on('a'), on('b'), on('a', 'b'), on('c')], (each) => each)
  expect(joined.map((set) => set.length)).toEqual([3, 1])
})
