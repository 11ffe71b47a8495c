import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkups } from '../../suites/index.ts'
import { profileJsonSchema } from './profile-json-schema.ts'

const committed: unknown = JSON.parse(
  readFileSync(new URL('../../cluster-profiles/profile.schema.json', import.meta.url), 'utf8'),
)

test('the committed schema is current (node scripts/generate-schema.ts && npx oxfmt cluster-profiles)', () => {
  expect(committed).toEqual(JSON.parse(JSON.stringify(profileJsonSchema(checkups))))
})

test('editors are told what every parameter is, its default, and which spelling is old', () => {
  expect(committed).toMatchObject({
    required: ['apiVersion', 'name', 'cluster', 'checkups'],
    additionalProperties: false,
  })
  const sections = (committed as Nested).properties.checkups.properties
  const { defaults } = sections.latency!.properties
  for (const contract of checkups)
    for (const name of Object.keys(contract.parameters.shape))
      expect(sections[contract.name]?.properties.defaults.properties[name]?.description, name).toMatch(/\w+/)
  expect(defaults.properties['sampleDurationSeconds']).toMatchObject({ default: 5 })
  expect(defaults.properties['sample_duration_seconds']).toMatchObject({ deprecated: true })
})

test('embedded.yaml, the reference, names every key that a profile may have', () => {
  const reference = readFileSync(new URL('../../cluster-profiles/embedded.yaml', import.meta.url), 'utf8')
  const keys = new Set(propertyNames(committed))
  expect(keys.size).toBeGreaterThan(80)
  expect([...keys].filter((key) => !new RegExp(`[\\s{]${key}:`).test(reference))).toEqual([])
})

function* propertyNames(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties')
      for (const [name, property] of Object.entries(value as Record<string, { deprecated?: boolean }>))
        if (property.deprecated !== true) yield name
    yield* propertyNames(value)
  }
}

interface Nested {
  properties: {
    checkups: {
      properties: Record<string, { properties: { defaults: { properties: Record<string, { description?: string }> } } }>
    }
  }
}
