/** Workflows that are run by others' machines: what can be checked of them without one. */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments, visit } from 'yaml'
import { repository } from './acceptance-run.ts'
import { inProcess } from './in-process.ts'

const files = globSync('.github/**/*.{yml,yaml}', { cwd: repository }).toSorted()
const textOf = (file: string): string => readFileSync(join(repository, file), 'utf8')
const pipelines = files.filter((file) => /actions\/gate|examples\/(gitlab|tekton|argo)/.test(file))

/** Every scalar below one of these keys. */
function valuesOf(file: string, keys: readonly string[]): string[] {
  const found: string[] = []
  for (const document of parseAllDocuments(textOf(file)))
    visit(document, {
      Pair: (_, pair) => {
        const key = String(pair.key)
        if (!keys.includes(key)) return
        const value = (pair.value as { toJSON?: () => unknown } | null)?.toJSON?.()
        for (const each of [value].flat()) if (typeof each === 'string') found.push(each)
      },
    })
  return found
}

const scripts = (file: string): string[] => valuesOf(file, ['run', 'script', 'source', 'before_script', 'after_script'])

test('there are files to look at', () => {
  expect(files).toContain('.github/actions/gate/action.yml')
  expect(files).toContain('.github/workflows/acceptance.yml')
  expect(pipelines).toHaveLength(4)
})

describe.each(files)('%s', (file) => {
  test('is YAML without errors or keys given twice', () => {
    for (const document of parseAllDocuments(textOf(file)))
      expect([...document.errors, ...document.warnings]).toEqual([])
  })

  test('names inputs, actions and workflows that exist', () => {
    const content = parseAllDocuments(textOf(file))[0]?.toJS() as {
      inputs?: object
      on?: { workflow_call?: { inputs?: object }; workflow_dispatch?: { inputs?: object } }
    }
    const known = Object.keys({
      ...content.inputs,
      ...content.on?.workflow_call?.inputs,
      ...content.on?.workflow_dispatch?.inputs,
    })
    for (const [, name] of textOf(file).matchAll(/\$\{\{[^}]*\binputs\.([\w-]+)/g)) expect(known).toContain(name)
    for (const used of valuesOf(file, ['uses'])) {
      if (!used.startsWith('./')) expect(used).toMatch(/^[\w.-]+\/[\w./-]+@v\d+$|^docker:\/\/.+:\d/)
      else expect(existsSync(join(repository, used, used.endsWith('.yml') ? '' : 'action.yml'))).toBe(true)
    }
  })

  test('hands over to an action or workflow what it takes', () => {
    for (const [, used = '', given = ''] of textOf(file).matchAll(
      /uses: (\.\/\S+)\n\s+with:\n((?:\s+[\w-]+: .*\n)+)/g,
    )) {
      const target = parseAllDocuments(textOf(used.endsWith('.yml') ? used : join(used, 'action.yml')))[0]?.toJS() as {
        inputs?: Record<string, object>
        on?: { workflow_call: { inputs: Record<string, object> } }
      }
      const taken = Object.keys(target.inputs ?? target.on?.workflow_call.inputs ?? {})
      for (const [, name] of given.matchAll(/^\s+([\w-]+):/gm)) expect(taken).toContain(name)
    }
  })

  test('puts nothing from outside into a script, and its scripts are well-formed', () => {
    for (const script of scripts(file)) {
      expect(script).not.toMatch(/\$\{\{|\{\{workflow/)
      const checked = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })
      expect(checked.stderr).toBe('')
    }
  })

  test('uses commands and options that exist', async () => {
    for (const script of scripts(file))
      for (const [, command = '', rest = ''] of script.matchAll(
        /(?:kubevirt-acceptance|"\$PROGRAM") ([a-z-]+)([^\n|>]*)/g,
      )) {
        const help = await inProcess(command, '--help', '--json')
        expect(help.exitCode).toBe(0)
        const options = (help.json() as { options: { name: string }[] }).options.map(({ name }) => name)
        for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(options).toContain(option)
      }
  })
})

test.each(pipelines)('%s runs, judges, and always cleans up and keeps the results', (file) => {
  const all = scripts(file).join('\n')
  for (const command of ['run', 'gate', 'sweep'])
    expect(all).toMatch(new RegExp(`(kubevirt-acceptance|"\\$PROGRAM") ${command} `))
  expect(textOf(file)).toMatch(/finally:|onExit:|after_script:|if: always\(\) && inputs\.sweep/)
})

test('the steps of the action that must not be left out run whatever happened before', () => {
  const { runs } = parseAllDocuments(textOf('.github/actions/gate/action.yml'))[0]!.toJS() as {
    runs: { steps: { name: string; if?: string; shell?: string; run?: string }[] }
  }
  const always = runs.steps.filter((step) => step.if?.startsWith('always()')).map(({ name }) => name)
  expect(always).toEqual(['Gate', 'Report', 'Upload', 'Clean up', 'Verdict'])
  expect(runs.steps.at(-1)?.run).toContain('exit "${EXIT_CODE:-6}"')
  for (const step of runs.steps) if (step.run !== undefined) expect(step.shell).toBe('bash')
})
