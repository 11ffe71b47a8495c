/** A YAML file whose every value can be found again: what a problem is reported against. */
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from 'yaml'
import type { ProfileProblem } from './profile-problem.ts'

export type ProfilePath = readonly (string | number)[]

export class ProfileDocument {
  readonly file: string
  /** Syntax errors, duplicate keys and aliases of nothing. The content is not worth looking at when there are any. */
  readonly syntaxProblems: ProfileProblem[]
  readonly #lines = new LineCounter()
  readonly #document: Document

  /** @param file name of the file in problems */
  constructor(file: string, text: string) {
    this.file = file
    this.#document = parseDocument(text, { lineCounter: this.#lines, merge: true, prettyErrors: false })
    this.syntaxProblems = [...this.#document.errors, ...this.#document.warnings].map(({ pos, message, code }) => {
      const { line, col } = this.#lines.linePos(pos[0])
      const hint = code === 'DUPLICATE_KEY' ? 'this key was given before in the same map; keep one of them' : message
      return { file, line, column: col, path: '', message: hint }
    })
    visit(this.#document, {
      Alias: (_key, alias) => {
        if (alias.resolve(this.#document) !== undefined) return
        const { line, col } = this.#lines.linePos(alias.range?.[0] ?? 0)
        const message = `no anchor &${alias.source} before this alias`
        this.syntaxProblems.push({ file, line, column: col, path: '', message })
      },
    })
  }

  /** Plain data. @throws ReferenceError for aliases that grow without bound */
  content(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 })
  }

  /** A problem at the value of `path`, or at its key; where neither is written, at the innermost map around it. */
  problem(path: ProfilePath, message: string, at: 'key' | 'value' = 'value'): ProfileProblem {
    return { file: this.file, ...this.#position(path, at), path: formatPath(path), message }
  }

  /** `file:line:column path`, for telling where a value was set. */
  place(path: ProfilePath): string {
    const { line, column } = this.#position(path, 'value')
    return `${this.file}:${line}:${column} ${formatPath(path)}`
  }

  #position(path: ProfilePath, at: 'key' | 'value'): { line: number; column: number } {
    let node: unknown = this.#document.contents
    let offset = startOf(node) ?? 0
    for (const [index, step] of path.entries()) {
      const target: unknown = isAlias(node) ? node.resolve(this.#document) : node
      if (isSeq(target)) {
        node = target.items[Number(step)]
        if (node === undefined) break
        offset = startOf(node) ?? offset
      } else {
        const pair = isMap(target)
          ? target.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step))
          : undefined
        if (pair === undefined) break
        node = pair.value
        const asKey = at === 'key' || isMap(node) || isSeq(node) || startOf(node) === undefined
        const wanted: unknown = index === path.length - 1 && !asKey ? node : pair.key
        offset = startOf(wanted) ?? offset
      }
    }
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
}

const startOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0]

export const formatPath = (path: ProfilePath): string =>
  path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  )
