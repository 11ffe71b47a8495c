/** Tables of faults: each is one acceptance run in a child process, with the verdict, the check and the text that it ends with. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'

export interface Expectation {
  verdict: string
  exitCode: number
  /** What must be in the message of each; none where the run ends before any check, and `output` has to say it. */
  checks: Record<string, RegExp>
  output?: RegExp
}

const expectation =
  (verdict: string, exitCode: number) =>
  (checks: Expectation['checks']): Expectation => ({ verdict, exitCode, checks })
export const failed = expectation('failed', 1)
export const invalid = expectation('invalid', 4)
export const broken = expectation('broken', 6)

/** The preflight keeps a run from starting. */
export const refused = (output: RegExp): Expectation => ({ verdict: 'broken', exitCode: 3, checks: {}, output })

export type RedRow = readonly [what: string, profile: Record<string, unknown>, expected: Expectation]
export type GreenRow = readonly [what: string, profile: Record<string, unknown>]

/** Each fault turns its checks red, tells it on the terminal, and leaves numbers and evidence, but nothing on the cluster. */
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
          direct: true,
        })
        expect(document, output).toBeDefined()
        const { verdict } = expected
        expect({ verdict: document?.verdict, exitCode }, document?.reason).toEqual({
          verdict,
          exitCode: expected.exitCode,
        })
        if (expected.output) {
          expect(output).toMatch(expected.output)
          return
        }
        for (const [check, text] of Object.entries(expected.checks)) {
          const own = document?.cases.flatMap(({ checks }) => checks).filter(({ id }) => id === check) ?? []
          const judged = own.find((each) => each.verdict === verdict)
          expect(judged?.message ?? own.map(({ message }) => message).join('\n'), document?.reason).toMatch(text)
          expect(judged, document?.reason).toBeDefined()
          // Whoever reads the terminal sees it too.
          expect(output).toContain(check)
        }
        const [red] = document?.cases.filter((each) => each.verdict === verdict) ?? []
        expect(red?.evidence.map(({ name }) => name).join()).not.toBe('')
        if (verdict === 'failed') {
          const [raw] = red?.rawOutputs ?? []
          expect(await readFile(join(directory!.root, raw!.path), 'utf8')).not.toBe('')
          expect(red?.measurements.filter(({ value }) => value !== null)).not.toEqual([])
        }
        if (!Object.keys(expected.checks).some((check) => check.endsWith('.nothing-left')))
          expect(document?.leftovers).toEqual([])
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
    return await acceptanceRun(folder.path, { profile, arguments: [`--project=${project}`], direct: true })
  } finally {
    await folder.remove()
  }
}
