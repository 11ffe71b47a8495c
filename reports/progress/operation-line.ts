/** One operation as one aligned line: `time | case | phase | OPERATION | STATUS | object detail`. */
import type { Operation } from '../../helpers/run/operation.ts'
import { shortened, singleLine } from '../plain-text.ts'
import type { Paint } from './terminal-style.ts'

/** Longer case ids keep their end, which tells them apart. */
const maximumCaseWidth = 44

const maximumDetail = 200

const colourOf = { RUN: 'cyan', DONE: 'green', FAIL: 'red', INFO: 'gray' } as const

export function operationLine(operation: Operation, caseWidth: number, paint: Paint): string {
  const { at, phase, status, object, durationMilliseconds } = operation
  const duration = durationMilliseconds === undefined ? '' : ` (${durationText(durationMilliseconds)})`
  const rest = [singleLine(object), detailText(operation)].filter((text) => text !== '').join(' ')
  return [
    paint('gray', timeText(at)),
    caseName(operation.caseId, caseWidth).padEnd(caseWidth),
    phase.padEnd(9),
    singleLine(operation.operation).padEnd(8),
    paint(colourOf[status], status.padEnd(4)),
    `${rest}${paint('gray', duration)}`,
  ].join(paint('gray', ' | '))
}

/** Errors often begin with the object that stands before them anyway; they are told in full at the end of the run. */
function detailText({ object, detail = '' }: Operation): string {
  const text = singleLine(detail)
  const name = `${singleLine(object)} `
  return shortened(text.startsWith(name) ? text.slice(name.length) : text, maximumDetail)
}

export function caseColumnWidth(caseIds: readonly string[]): number {
  return Math.min(maximumCaseWidth, Math.max(4, ...caseIds.map((id) => id.length)))
}

function caseName(caseId: string, width: number): string {
  const name = singleLine(caseId)
  return name.length <= width ? name : `…${name.slice(name.length - width + 1)}`
}

/** The time of day in the reader's time zone; text that is no time is shown as it came. */
function timeText(at: string): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? shortened(singleLine(at), 8) : time.toTimeString().slice(0, 8)
}

/** `350 ms`, `12.4 s`, `3 min 05 s`, `2 h 03 min`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const padded = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${padded(Math.floor((whole % 3600) / 60))} min`
}
