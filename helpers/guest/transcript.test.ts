import { expect, test } from 'vitest'
import { Transcript } from './transcript.ts'

test('what was sent stands on lines of its own among what was received', () => {
  const transcript = new Transcript()
  transcript.note('connected')
  transcript.received('login: ')
  transcript.sent('root\n')
  transcript.sent('hunter2\n', { secret: true })
  transcript.received('# ')
  expect(transcript.text()).toBe('--- connected\nlogin: \n>>> "root\\n"\n>>> (a secret)\n# ')
})

test('of a long session the beginning and the end are kept, and the gap is told', () => {
  const transcript = new Transcript()
  transcript.received('the beginning\n')
  for (let line = 0; line < 40_000; line += 1) transcript.received(`line ${line} ${'x'.repeat(40)}\n`)
  const text = transcript.text()
  expect(text.length).toBeLessThan(1_200_000)
  expect(text.startsWith('the beginning\nline 0 ')).toBe(true)
  expect(text).toMatch(/\n--- \d+ characters left out here\n/)
  expect(text).toContain('line 39999 ')
})
