import { z } from 'zod'
import type { CheckupContract } from '../run/checkup-contract.ts'
import { profileSchema } from './profile-schema.ts'

/** The JSON schema of cluster profiles (draft 2020-12) as editors want it: of what may be written, with defaults. */
export function profileJsonSchema(contracts: readonly CheckupContract[]): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(profileSchema(contracts), { io: 'input' })
  return {
    $schema,
    title: 'kubevirt-acceptance cluster profile',
    ...(withDeprecatedNames(schema, contracts) as Record<string, unknown>),
  }
}

/** Wherever a parameter may stand, its old spelling may stand too, marked as deprecated. */
function withDeprecatedNames(node: unknown, contracts: readonly CheckupContract[]): unknown {
  if (Array.isArray(node)) return node.map((item) => withDeprecatedNames(item, contracts))
  if (typeof node !== 'object' || node === null) return node
  const copy: Record<string, unknown> = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, withDeprecatedNames(value, contracts)]),
  )
  const { properties } = copy
  if (typeof properties === 'object' && properties !== null) {
    const named = properties as Record<string, unknown>
    for (const { deprecatedNames } of contracts)
      for (const [old, documented] of Object.entries(deprecatedNames))
        if (named[documented] !== undefined)
          named[old] = { ...(named[documented] as object), deprecated: true, description: `Use ${documented}.` }
  }
  return copy
}
