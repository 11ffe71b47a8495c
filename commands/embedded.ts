import { once } from 'node:events'
import { createServer } from 'node:net'
import { relative, resolve } from 'node:path'
import {
  type EmbeddedCluster,
  type EmbeddedClusterOptions,
  startEmbeddedCluster,
} from '../fixtures/embedded-cluster/embedded-cluster.ts'
import type { EmbeddedClusterProfile } from '../helpers/profile/embedded-cluster.ts'
import { redact } from '../helpers/run/redaction.ts'
import { defineCommand } from './command.ts'
import { writeEmbeddedKubeconfig } from './embedded-kubeconfig.ts'
import { exitCodeOfSignal, exitCodes } from './exit-codes.ts'
import { OperationalError } from './operational-error.ts'
import { alignedPairs, type Output } from './output.ts'
import { openProfile, profileOption } from './profile-choice.ts'
import { onSignals } from '../plugin/signals.ts'
import { UsageError } from './usage-error.ts'

const defaultKubeconfig = 'embedded.kubeconfig'

export const embedded = defineCommand({
  name: 'embedded',
  synopsis: '[--profile PROFILE] [--port N] [--time wall|skipping] [--kubeconfig FILE] [--json]',
  description: [
    'Starts the embedded cluster of the profile on 127.0.0.1 and keeps it running until Ctrl-C or SIGTERM, for kubectl and for trying things out. Writes its kubeconfig, readable by you alone, and removes it at the end.',
  ],
  options: {
    ...profileOption,
    port: { type: 'string', value: 'N', description: 'Port of the API server. Default: a free one.' },
    time: {
      type: 'string',
      value: 'wall|skipping',
      description:
        'wall (default): everything takes as long as it takes. skipping: what only waits is skipped over, and the clock of the cluster runs ahead of yours. Real guests (qemu) always run on wall time.',
    },
    kubeconfig: {
      type: 'string',
      value: 'FILE',
      description: `Where the kubeconfig is written. Default: ${defaultKubeconfig}. Files of others are never overwritten.`,
    },
  },
  exitCodes: {
    0: 'ended by a signal, in good order',
    2: 'usage or profile',
    6: 'the cluster could not be started, or had an error of its own',
    130: 'ended at once by a second SIGINT (143: SIGTERM)',
  },
  examples: [
    'npx kubevirt-acceptance embedded',
    'npx kubevirt-acceptance embedded --time skipping --port 6443 --kubeconfig /tmp/lab.kubeconfig',
  ],
  async run({ options, output }) {
    const port = portOf(options.port)
    const time = timeOf(options.time)
    const profile = openProfile(options.profile, output)
    if (profile.cluster.kind !== 'embedded')
      throw new UsageError(
        `profile ${profile.file} is of a real cluster (cluster.kubeconfig); choose one with cluster.embedded, e.g. --profile embedded`,
      )
    const kubeconfigPath = resolve(options.kubeconfig ?? defaultKubeconfig)
    const cluster = await start({ ...profile.cluster.embedded, time }, { namespace: profile.namespace.name, ...port })
    await using undo = new AsyncDisposableStack()
    undo.defer(() => cluster.close())
    const removeKubeconfig = writeEmbeddedKubeconfig(kubeconfigPath, cluster.kubeconfig)
    undo.defer(removeKubeconfig)
    const ended = nextSignal(removeKubeconfig)
    announce(cluster, { kubeconfigPath, namespace: profile.namespace.name }, output)
    const signal = await ended
    output.note(`${signal}: ending the embedded cluster. Once more exits at once.`)
    await undo.disposeAsync()
    for (const error of cluster.errors)
      output.note(
        `error of the embedded cluster: ${redact(error instanceof Error ? (error.stack ?? error.message) : String(error))}`,
      )
    return cluster.errors.length > 0 ? exitCodes.broken : exitCodes.ok
  },
})

/** Resolves with the first signal; a second one ends the process. */
async function nextSignal(atOnce: () => void): Promise<NodeJS.Signals> {
  const { promise, resolve: end } = Promise.withResolvers<NodeJS.Signals>()
  onSignals((signal, count) => {
    if (count === 1) {
      end(signal)
      return
    }
    atOnce()
    process.exit(exitCodeOfSignal(signal))
  })
  return promise
}

async function start(profile: EmbeddedClusterProfile, options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  if (options.port !== undefined) await assertFree(options.port)
  try {
    return await startEmbeddedCluster(profile, options)
  } catch (error) {
    throw error instanceof Error ? new OperationalError(error.message, { cause: error }) : error
  }
}

/** Before anything is started, so that nothing has to be undone. */
async function assertFree(port: number): Promise<void> {
  const probe = createServer()
  try {
    probe.listen(port, '127.0.0.1')
    await once(probe, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE' ? 'is in use' : code === 'EACCES' ? 'may only be used by root' : `fails: ${message}`
    throw new OperationalError(
      `port ${port} on 127.0.0.1 ${why}; choose another --port, or leave it out for a free one`,
      { cause: error },
    )
  }
  await new Promise((resolved) => {
    probe.close(resolved)
  })
}

function announce(
  cluster: EmbeddedCluster,
  { kubeconfigPath, namespace }: { kubeconfigPath: string; namespace: string },
  output: Output,
): void {
  const short = relative(process.cwd(), kubeconfigPath)
  const shown = short.startsWith('..') ? kubeconfigPath : short
  const kubectl = `kubectl --kubeconfig ${shellWord(shown)} get vmi`
  output.print(
    `embedded cluster at ${cluster.server}`,
    ...alignedPairs(
      [
        ...Object.entries(cluster.description).filter(([name]) => name !== 'cluster'),
        ['namespace', namespace],
        ['kubeconfig', `${shown} (removed at the end)`],
      ],
      '  ',
    ),
    '',
    kubectl,
    '',
    'Ctrl-C ends it.',
  )
  output.document({
    server: cluster.server,
    kubeconfig: kubeconfigPath,
    context: 'embedded',
    namespace,
    clockUrl: cluster.clockUrl,
    description: cluster.description,
    processId: process.pid,
  })
}

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

function portOf(text: string | undefined): { port?: number } {
  if (text === undefined) return {}
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return { port }
  throw new UsageError(`--port "${text}" is no port; give a number from 1 to 65535, or leave it out for a free one`)
}

function timeOf(text = 'wall'): 'wall' | 'skipping' {
  if (text === 'wall' || text === 'skipping') return text
  throw new UsageError(`--time "${text}" is unknown; give wall or skipping`)
}
