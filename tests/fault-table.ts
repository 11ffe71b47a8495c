/** Tables of faults: each is one acceptance run in a child process, with the verdict, the check and the text that it ends with. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'

export interface Expectation {
  verdict: string
  exitCode: number
  /** '' where the run ends before any check. */
  check: string
  /** In the message of the check, or in the reason of the run. */
  text: RegExp
}

const expectation =
  (verdict: string, exitCode: number) =>
  (check: string, text: RegExp): Expectation => ({ verdict, exitCode, check, text })
export const failed = expectation('failed', 1)
export const invalid = expectation('invalid', 4)
export const broken = expectation('broken', 6)

export type RedRow = readonly [what: string, profile: Record<string, unknown>, expected: Expectation]
export type GreenRow = readonly [what: string, profile: Record<string, unknown>]

/** Each fault turns its check red, tells it on the terminal, and leaves numbers and evidence, but nothing on the cluster. */
export function testRed(project: string, rows: readonly RedRow[]): void {
  test.concurrent.for(rows)(
    '%s is red, and says why',
    { timeout: 180_000 },
    async ([, profile, expected], { expect }) => {
      const folder = await temporaryFolder()
      try {
        const { document, directory, output, exitCode } = await acceptanceRun(folder.path, {
          profile,
          arguments: [`--project=${project}`],
        })
        expect(document, output).toBeDefined()
        const { verdict } = expected
        expect({ verdict: document?.verdict, exitCode }, document?.reason).toEqual({
          verdict,
          exitCode: expected.exitCode,
        })
        if (expected.check === '') {
          expect(output).toMatch(expected.text)
          return
        }
        const own = document?.cases.flatMap(({ checks }) => checks).filter(({ id }) => id === expected.check) ?? []
        const judged = own.find((check) => check.verdict === verdict)
        expect(judged?.message ?? own.map(({ message }) => message).join('\n'), document?.reason).toMatch(expected.text)
        expect(judged, document?.reason).toBeDefined()
        // Whoever reads the terminal sees it too.
        expect(output).toContain(expected.check)
        const [red] = document?.cases.filter((each) => each.verdict === verdict) ?? []
        expect(red?.evidence.map(({ name }) => name).join()).not.toBe('')
        if (verdict === 'failed') {
          const [raw] = red?.rawOutputs ?? []
          expect(await readFile(join(directory!.root, raw!.path), 'utf8')).not.toBe('')
          expect(red?.measurements.filter(({ value }) => value !== null)).not.toEqual([])
        }
        if (!expected.check.endsWith('.nothing-left')) expect(document?.leftovers).toEqual([])
      } finally {
        await folder.remove()
      }
    },
  )
}

export function testGreen(project: string, rows: readonly GreenRow[]): void {
  test.concurrent.for(rows)('%s passes', { timeout: 180_000 }, async ([, profile], { expect }) => {
    const { document, output, exitCode } = await runProject(project, profile)
    expect(document, output).toBeDefined()
    expect({ verdict: document?.verdict, exitCode }, document?.reason).toEqual({ verdict: 'passed', exitCode: 0 })
    expect(document?.leftovers).toEqual([])
  })
}

export async function runProject(project: string, profile: Record<string, unknown>) {
  const folder = await temporaryFolder()
  try {
    return await acceptanceRun(folder.path, { profile, arguments: [`--project=${project}`] })
  } finally {
    await folder.remove()
  }
}
