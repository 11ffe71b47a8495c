import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { parseArguments } from './arguments.ts'
import { defineCommand } from './command.ts'
import { UsageError } from './usage-error.ts'

const declaration = {
  name: 'try',
  synopsis: '',
  description: [],
  options: {
    profile: { type: 'string', value: 'PROFILE', description: '' },
    project: { type: 'string', multiple: true, value: 'CHECKUP', description: '' },
    force: { type: 'boolean', description: '' },
  },
  exitCodes: {},
  examples: [],
  run: () => Promise.resolve(0),
} as const
const command = defineCommand(declaration)
const taking = (more: object) => defineCommand({ ...declaration, ...more })

function refusalOf(work: () => unknown): { message: string; hint: string } {
  try {
    work()
  } catch (error) {
    if (error instanceof UsageError) return { message: error.message, hint: error.hint }
    throw error
  }
  throw new Error('nothing was refused')
}

test('what is not given is false, empty or undefined', () => {
  expect(parseArguments(command, [])).toEqual({
    options: { profile: undefined, project: [], force: false, json: false, help: false },
    positionals: [],
    passedThrough: [],
  })
})

test('values are read in both spellings, and repeated where that is declared', () => {
  const argv = ['--profile', 'lab', '--project=latency', '--force', '--project', 'dpdk', '--json', '-h']
  expect(parseArguments(command, argv).options).toEqual({
    profile: 'lab',
    project: ['latency', 'dpdk'],
    force: true,
    json: true,
    help: true,
  })
})

test('a value that begins with a dash is taken when it is joined', () => {
  expect(parseArguments(command, ['--profile=-odd']).options['profile']).toBe('-odd')
})

test('what follows -- is passed through as it is, and only where the command takes it', () => {
  const passing = taking({ passesThrough: true })
  expect(parseArguments(passing, ['--force', '--', '-t', '--force', '--']).passedThrough).toEqual([
    '-t',
    '--force',
    '--',
  ])
  expect(refusalOf(() => parseArguments(command, ['--', '-t'])).message).toBe('"try" takes no arguments after "--"')
})

test.each([
  [['--profil', 'x'], '"try" has no option --profil; did you mean --profile?'],
  [['--zzzzzzzzzzzz'], '"try" has no option --zzzzzzzzzzzz; it has --profile, --project, --force, --json, --help'],
  [['-x'], '"try" has no option -x; it has --profile, --project, --force, --json, --help'],
  [['--profile'], '--profile needs a value; write --profile PROFILE or --profile=PROFILE'],
  [['--profile='], '--profile needs a value; write --profile PROFILE or --profile=PROFILE'],
  [
    ['--profile', '--force'],
    '--profile needs a value, but is followed by "--force"; write --profile PROFILE or --profile=PROFILE',
  ],
  [['--profile', 'a', '--profile', 'b'], '--profile was given twice; keep one'],
  [['--force=yes'], '--force is a switch and takes no value, but was given "yes"'],
  [['lab'], '"try" takes no argument "lab"'],
])('%j is refused', (argv, message) => {
  expect(refusalOf(() => parseArguments(command, argv))).toEqual({
    message,
    hint: 'npx kubevirt-acceptance try --help',
  })
})

test('arguments beyond those that a command takes are refused', () => {
  const one = taking({ maximumPositionals: 1 })
  expect(parseArguments(one, ['a']).positionals).toEqual(['a'])
  expect(refusalOf(() => parseArguments(one, ['a', 'b'])).message).toBe('"try" takes one argument, but "b" is another')
})

propertyTest.prop([
  fc.array(fc.oneof(fc.string(), fc.constantFrom('--profile', '--force', '--project=x', '--', '-h'))),
])('any command line is either understood or refused in words', (argv) => {
  try {
    const { options } = parseArguments(command, argv)
    expect(Object.keys(options)).toEqual(['profile', 'project', 'force', 'json', 'help'])
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
  }
})
