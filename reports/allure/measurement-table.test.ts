import { expect, test } from 'vitest'
import { measurementHtml, recordTable } from './measurement-table.ts'
import { samplesCsv } from './case-result.ts'

const table = {
  title: 'Counters <b>',
  columns: ['where', 'packets'],
  rows: [
    ['port | 0', 2_400_000_000],
    ['port 1', null],
  ],
}

test('a table of a record becomes Markdown with readable numbers, and says what was not measured', () => {
  expect(recordTable(table)).toBe(
    '| where | packets |\n|---|--:|\n| port \\| 0 | 2,400,000,000 |\n| port 1 | not measured |\n',
  )
  expect(recordTable({ ...table, rows: [] })).toBe('Nothing was measured.\n')
})

test('tables come before all measurements, and long ones are folded up', () => {
  const long = { ...table, title: 'Trials', rows: Array.from({ length: 41 }, () => ['port', 1]) }
  const shown = measurementHtml([], [table, long])
  expect(shown).toContain('<details open><summary>Counters &lt;b&gt;</summary>')
  expect(shown).toContain('<details><summary>Trials (41 rows)</summary>')
  expect(shown.indexOf('Trials')).toBeLessThan(shown.indexOf('All measurements'))
  expect(measurementHtml([])).not.toContain('<details')
})

test('samples with times have them in their file', () => {
  const measurement = { name: 'rate', value: 2, unit: 'pps', better: 'higher', samples: [1, 2] } as const
  expect(samplesCsv({ ...measurement, samples: [1, 2] })).toBe('position,value_pps\n0,1\n1,2\n')
  expect(samplesCsv({ ...measurement, samples: [1, 2], sampleTimesSeconds: [10, 20.5] })).toBe(
    'position,time_s,value_pps\n0,10,1\n1,20.5,2\n',
  )
})
