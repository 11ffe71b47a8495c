/** The axes along which a profile may expand cases: networks, nodes, and pairs of nodes. */
import { z } from 'zod'
import type { JsonValue, MatrixAxis } from '../helpers/run/checkup-contract.ts'

const pairsAllowed = 'all-ordered, all-unordered, or a list of pairs such as [[worker1, worker2], [worker2, worker1]]'
const nodePairs = z.union(
  [z.enum(['all-ordered', 'all-unordered']), z.array(z.tuple([z.string(), z.string()])).min(1)],
  {
    error: pairsAllowed,
  },
)

/**
 * @param sets parameters that the first and the second node of each pair go into
 * @param roles what the two are, as in `source and target node`
 */
export const nodePairsAxis = (sets: readonly [first: string, second: string], roles: string): MatrixAxis => ({
  sets,
  schema: nodePairs.describe(
    `Pairs of ${roles}: all-ordered (a to b and b to a), all-unordered (each pair once), or a list of pairs.`,
  ),
  expand(value, world) {
    const pair = (first: string, second: string) => ({ [sets[0]]: first, [sets[1]]: second })
    const wanted = nodePairs.parse(value)
    if (Array.isArray(wanted)) return { combinations: wanted.map(([first, second]) => pair(first, second)) }
    if (world.nodes === null)
      return { problem: `${wanted} needs the nodes before the cluster is asked; list them under \`nodes\`` }
    if (world.nodes.length < 2)
      return { problem: `${wanted} needs two schedulable nodes; the profile has ${world.nodes.length}` }
    const nodes = world.nodes
    return {
      combinations: nodes.flatMap((first, index) =>
        nodes
          .filter((node, other) => (wanted === 'all-ordered' ? node !== first : other > index))
          .map((second) => pair(first, second)),
      ),
    }
  },
})

const networkNames = z
  .union([z.literal('all'), z.array(z.string().min(1)).min(1)], {
    error: 'all, or a list of names such as [blue, other-namespace/red]',
  })
  .describe('NetworkAttachmentDefinitions, as `name` or `namespace/name`; all: those of the profile.')

export const networksAxis: MatrixAxis = {
  sets: ['networkAttachmentDefinitionName', 'networkAttachmentDefinitionNamespace'],
  schema: networkNames,
  expand(value, world) {
    const wanted = networkNames.parse(value)
    const names = wanted === 'all' ? world.networks : wanted
    if (names === null)
      return { problem: 'all needs the networks before the cluster is asked; list them under `networks`' }
    if (names.length === 0) return { problem: 'all finds no network: the profile has none' }
    return {
      combinations: names.map((name): Record<string, JsonValue> => {
        const slash = name.indexOf('/')
        return slash < 0
          ? { networkAttachmentDefinitionName: name }
          : {
              networkAttachmentDefinitionNamespace: name.slice(0, slash),
              networkAttachmentDefinitionName: name.slice(slash + 1),
            }
      }),
    }
  },
}

const nodesAllowed = 'all, or a list of nodes such as [worker1, worker2]'
const nodeNames = z.union([z.literal('all'), z.array(z.string().min(1)).min(1)], { error: nodesAllowed })

/** One case for each node. @param sets parameter that the node goes into */
export const nodesAxis = (sets: string): MatrixAxis => ({
  sets: [sets],
  schema: nodeNames.describe('Nodes, one case each; all: the schedulable nodes of the profile.'),
  expand(value, world) {
    const wanted = nodeNames.parse(value)
    const names = wanted === 'all' ? world.nodes : wanted
    if (names === null) return { problem: 'all needs the nodes before the cluster is asked; list them under `nodes`' }
    if (names.length === 0) return { problem: 'all finds no schedulable node: the profile has none' }
    return { combinations: names.map((name) => ({ [sets]: name })) }
  },
})
