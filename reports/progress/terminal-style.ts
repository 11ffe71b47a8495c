/** Colours for a terminal, or none: NO_COLOR and FORCE_COLOR are respected as people expect. */
import { styleText } from 'node:util'
import type { Verdict } from '../../helpers/run/verdict.ts'

export type Paint = (format: 'red' | 'green' | 'yellow' | 'cyan' | 'gray' | 'bold', text: string) => string

export function painter(colours: boolean): Paint {
  return colours ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text
}

export function wantsColours(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  if (environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '') return false
  if (environment['FORCE_COLOR'] !== undefined) return environment['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && environment['TERM'] !== 'dumb'
}

export function verdictColour(verdict: Verdict): 'green' | 'red' | 'yellow' {
  if (verdict === 'passed') return 'green'
  return verdict === 'skipped' ? 'yellow' : 'red'
}
