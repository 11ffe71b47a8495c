import type { ConfigMap, ConfigMapStatus } from '../helpers/in-cluster/config-map-status.ts'
import { publishReport } from '../helpers/in-cluster/publish-report.ts'
import { handedOverNote, notHandedOverNote, reportNote, reportVariable } from '../helpers/in-cluster/report-parts.ts'
import type { ClusterClient } from '../helpers/kubernetes/cluster-client.ts'
import { listRuns, runDirectory } from '../helpers/run/run-directory.ts'
import { onSignals } from '../plugin/signals.ts'
import { singleLine } from '../reports/plain-text.ts'
import type { Output } from './output.ts'

interface HandOverOptions {
  /** As it was found: it owns what is stored. */
  configMap: ConfigMap
  shard: number
  runsDirectory: string
  output: Output
}

/**
 * Stores the files of the run for whoever started the Job, where the Job asks for it. The status is written by then, and
 * does not depend on it: what could not be handed over is noted in the ConfigMap, and missed by who fetches it.
 */
export async function handOverReport(
  client: ClusterClient,
  status: ConfigMapStatus,
  { configMap, shard, runsDirectory, output }: HandOverOptions,
): Promise<void> {
  const prefix = process.env[reportVariable]
  if (!prefix) return
  // Asked to end, it goes on until it is done or killed: half a report is of no use.
  using _signals = onSignals(() => undefined)
  const note = async (): Promise<string> => {
    const [run] = listRuns(runsDirectory)
    if (run === undefined) return notHandedOverNote('the run ended before it had begun')
    const { root } = runDirectory(runsDirectory, run)
    return handedOverNote(await publishReport(client, { run, root, prefix, shard, owner: configMap }))
  }
  try {
    await status.annotate({
      [reportNote]: await note().catch((error: unknown) => {
        const reason = singleLine(error instanceof Error ? error.message : String(error))
        output.note(`warning: the report could not be handed over: ${reason}`)
        return notHandedOverNote(reason)
      }),
    })
  } catch (error) {
    output.note(`warning: where the report is could not be noted: ${(error as Error).message}`)
  }
}
