/** The container image, as far as its definition tells: pinned, in stages, without root, and with no more than it runs. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { repository } from './acceptance-run.ts'

const read = (path: string): string => readFileSync(join(repository, path), 'utf8')

interface Instruction {
  name: string
  value: string
}

/** One for each instruction, comments and line breaks removed. */
const instructions: Instruction[] = read('container/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => {
    const [name = '', ...value] = line.split(' ')
    return { name, value: value.join(' ') }
  })
const stages = instructions.reduce<Instruction[][]>((all, instruction) => {
  if (instruction.name === 'FROM') all.push([])
  all.at(-1)?.push(instruction)
  return all
}, [])
const valuesOf = (stage: Instruction[] | undefined, name: string): string[] =>
  (stage ?? []).filter((each) => each.name === name).map(({ value }) => value)
const last = stages.at(-1)

test('every base is the one that is pinned by its digest, with the Node.js of this repository', () => {
  const bases = instructions.filter(({ name }) => name === 'FROM').map(({ value }) => value)
  const major = read('.node-version').split('.')[0]
  expect(bases).toEqual([
    expect.stringMatching(
      new RegExp(`^docker\\.io/library/node:${major}-bookworm-slim@sha256:[0-9a-f]{64} AS pinned-node$`),
    ),
    '${NODE_IMAGE} AS build',
    '${NODE_IMAGE}',
  ])
  expect(instructions[0]).toEqual({ name: 'ARG', value: 'NODE_IMAGE=pinned-node' })
})

test('the base is renewed where it stands', () => {
  const { updates } = parse(read('.github/dependabot.yml')) as {
    updates: { 'package-ecosystem': string; directory: string }[]
  }
  const docker = updates.find((each) => each['package-ecosystem'] === 'docker')
  // Its file fetcher wants the name, too.
  expect(existsSync(join(repository, docker?.directory ?? '', 'Dockerfile'))).toBe(true)
})

test('the image has what was installed from the package in the versions of the lock file, and nothing of the build', () => {
  expect(valuesOf(last, 'COPY')).toEqual(['--from=build /app /app'])
  expect(valuesOf(last, 'RUN')).toEqual([])
  const [entry] = valuesOf(last, 'ENTRYPOINT').map((text) => JSON.parse(text) as string[])
  expect(entry?.[0]).toBe('node')
  const program = entry?.[1]?.replace(/^\/app\//, '') ?? ''
  expect(existsSync(join(repository, program))).toBe(true)
  const { files, bin } = JSON.parse(read('package.json')) as { files: string[]; bin: Record<string, string> }
  expect(Object.values(bin)).toContain(program)
  expect(files).toContain(program.split('/')[0])
  const build = valuesOf(stages[1], 'RUN').join('\n')
  expect(build).toMatch(/^npm ci /)
  expect(build).toContain('cp package-lock.json /app/')
  expect(build).toContain('npm install --omit=dev --ignore-scripts')
})

test('it runs without root, whatever its user, and writes below /tmp only', () => {
  expect(valuesOf(last, 'USER')).toEqual([expect.stringMatching(/^[1-9]\d*:0$/)])
  expect(valuesOf(last, 'WORKDIR')).toEqual(['/tmp'])
  expect(valuesOf(last, 'ENV').join(' ')).toContain('HOME=/tmp')
})

test('the build gets all sources of the package, and no more', () => {
  const lines = read('container/Dockerfile.dockerignore').trim().split('\n')
  expect(lines[0]).toBe('**')
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] }
  const { files } = JSON.parse(read('package.json')) as { files: string[] }
  const packed = files.filter((each) => each !== 'dist').map((each) => each.split('/')[0])
  for (const needed of new Set([...include, ...packed])) expect(allowed).toContain(needed)
  for (const path of allowed) expect(existsSync(join(repository, path)), path).toBe(true)
  for (const unneeded of ['tests', 'docs', 'bench', '.git', '.github', 'node_modules'])
    expect(allowed).not.toContain(unneeded)
  expect(lines).toEqual(expect.arrayContaining(['**/*.test.ts', '**/testdata', 'reports/runs']))
})
