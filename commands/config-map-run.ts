/** `run` inside of the Job of a checkup: takes its profile from the documented ConfigMap, and writes there how it ended. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { clockVariable, connectRemoteClock } from '../helpers/clock/remote-clock.ts'
import {
  CheckupRequestError,
  problemInConfigMap,
  profileOfRequest,
  readCheckupRequest,
  type CheckupRequest,
} from '../helpers/in-cluster/checkup-request.ts'
import { type CheckupOutcome, ConfigMapStatus } from '../helpers/in-cluster/config-map-status.ts'
import type { PodEnvironment } from '../helpers/in-cluster/pod-environment.ts'
import { isCheckupProgress, progressVariable, type CheckupProgress } from '../helpers/in-cluster/progress.ts'
import { connectCluster } from '../helpers/kubernetes/cluster-client.ts'
import { serviceAccountNamespace } from '../helpers/kubernetes/service-account.ts'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import { ProfileError } from '../helpers/profile/profile-problem.ts'
import { listRuns, runDirectory } from '../helpers/run/run-directory.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { outcomeOf } from '../reports/config-map/outcome.ts'
import { checkups } from '../suites/index.ts'
import { exitCodes } from './exit-codes.ts'
import { handOverReport } from './hand-over-report.ts'
import type { Output } from './output.ts'
import { packagedConfiguration, vitestRun } from './vitest-run.ts'

const hour = 3_600_000
/** Between two notes of progress in the ConfigMap, so that a run does not keep the API server busy. */
const progressMilliseconds = 2000

interface ConfigMapRunOptions {
  environment: PodEnvironment
  /** undefined: what the label of the ConfigMap says. */
  checkup: string | undefined
  passedThrough: readonly string[]
  output: Output
}

/**
 * @returns the exit code: 0 exactly when `status.succeeded` is `true`
 * @throws ConfigMapInUseError, ApiError or KubeconfigError when the ConfigMap cannot be taken: nothing is written then
 */
export async function runOfConfigMap({ environment, ...options }: ConfigMapRunOptions): Promise<number> {
  const client = await connectCluster({ userAgent: 'kubevirt-acceptance' })
  try {
    // Times are those of the cluster, as those of the objects beside it.
    const clockUrl = process.env[clockVariable]
    await using clock = clockUrl === undefined ? undefined : await connectRemoteClock(clockUrl)
    const status = new ConfigMapStatus(client, environment.configMap, {
      shard: environment.shard,
      ...(clock !== undefined && { clock }),
    })
    const configMap = await status.claim()
    await using folder = await temporaryFolder()
    const runsDirectory = join(folder.path, 'runs')
    let outcome: CheckupOutcome
    let exitCode: number
    try {
      const request = readCheckupRequest(configMap, options.checkup, checkups)
      for (const warning of request.warnings) options.output.note(`warning: ${warning}`)
      const namespace = serviceAccountNamespace() ?? client.namespace
      ;({ outcome, exitCode } = await runRequest(request, {
        ...options,
        namespace,
        status,
        folder: folder.path,
        runsDirectory,
      }))
    } catch (error) {
      await status.complete(failed(configurationProblem(error)))
      throw error
    }
    await status.complete(outcome)
    const { output } = options
    await handOverReport(client, status, { configMap, shard: environment.shard?.index ?? 0, runsDirectory, output })
    // Consumers take either for the verdict, so they must agree.
    if (outcome.failureReason === '') return exitCode
    output.note(`status.failureReason: ${outcome.failureReason}`)
    return exitCode === exitCodes.ok ? exitCodes.broken : exitCode
  } finally {
    client.close()
  }
}

const failed = (failureReason: string): CheckupOutcome => ({ failureReason: failureReason || 'unknown', results: {} })

function configurationProblem(error: unknown): string {
  if (error instanceof CheckupRequestError) return error.problems.join(',')
  if (error instanceof ProfileError) return error.problems.map(problemInConfigMap).join(',')
  return error instanceof Error ? error.message : String(error)
}

interface RunRequestOptions extends Omit<ConfigMapRunOptions, 'environment'> {
  namespace: string
  status: ConfigMapStatus
  folder: string
  runsDirectory: string
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'kubevirt-acceptance-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function runRequest(
  request: CheckupRequest,
  { namespace, status, passedThrough, output, folder, runsDirectory: runs }: RunRequestOptions,
): Promise<{ outcome: CheckupOutcome; exitCode: number }> {
  try {
    const profilePath = join(folder, 'profile.yaml')
    await writeFile(profilePath, profileText(request, namespace))
    const { checkups: planned } = loadProfile(profilePath, checkups)
    const longest = Math.max(...planned.flatMap(({ cases }) => cases.map((each) => each.timeoutMilliseconds)))
    if (request.profile === undefined)
      await writeFile(profilePath, profileText(request, namespace, 2 + Math.ceil(longest / hour)))
    const progress = new ProgressNotes(status)
    const { exitCode } = await vitestRun({
      args: [...packagedConfiguration(folder), `--project=${request.contract.name}`, ...passedThrough],
      environment: {
        ...process.env,
        CLUSTER_PROFILE: profilePath,
        KUBEVIRT_ACCEPTANCE_RUNS: runs,
        [progressVariable]: '1',
      },
      cwd: folder,
      keepOutput: output.json,
      onMessage: (message) => {
        if (isCheckupProgress(message)) progress.note(message)
      },
      onSignal: (signal) => {
        // Cleaning up may take longer than the pod is given: what is known is written first, and in full afterwards.
        void status
          .complete(failed(`cancelled by ${signal} before the checkup had completed`))
          .catch((error: unknown) => output.note(`the ConfigMap could not be written: ${(error as Error).message}`))
      },
    })
    await progress.end()
    for (const problem of progress.problems) output.note(`warning: progress could not be written: ${problem}`)
    return { outcome: await outcomeIn(runs, exitCode), exitCode }
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error
    throw new ProfileError(error.problems.map((problem) => ({ ...problem, file: 'the ConfigMap', line: null })))
  }
}

async function outcomeIn(runs: string, exitCode: number): Promise<CheckupOutcome> {
  const [id] = listRuns(runs)
  if (id === undefined)
    return failed(`the run ended with exit code ${exitCode} before it had begun; see the log of the pod`)
  const { root, runJson } = runDirectory(runs, id)
  let document: RunDocument
  try {
    document = JSON.parse(await readFile(runJson, 'utf8')) as RunDocument
  } catch (error) {
    return failed(
      `the run ended with exit code ${exitCode} and without a result; see the log of the pod (${(error as Error).message})`,
    )
  }
  return outcomeOf(document, { contracts: checkups, directory: root, exitCode })
}

/** A whole profile is run on this cluster and in this namespace, wherever it was written for. */
function profileText(request: CheckupRequest, namespace: string, expiryHours = 2): string {
  if (request.profile === undefined) return profileOfRequest(request, { namespace, expiryHours })
  const content = parse(request.profile) as Record<string, unknown>
  return stringify({ ...content, cluster: { kubeconfig: {} }, namespace: { name: namespace, create: false } })
}

/** The newest progress as annotations, no more often than every two seconds. */
class ProgressNotes {
  readonly problems: string[] = []
  readonly #status: ConfigMapStatus
  #newest: CheckupProgress | undefined
  #writing: Promise<void> | undefined
  readonly #over = new AbortController()

  constructor(status: ConfigMapStatus) {
    this.#status = status
  }

  note(progress: CheckupProgress): void {
    this.#newest = progress
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  async end(): Promise<void> {
    this.#over.abort()
    await this.#writing
  }

  async #write(): Promise<void> {
    while (this.#newest !== undefined && !this.#over.signal.aborted) {
      const { phase, operation, cases } = this.#newest
      this.#newest = undefined
      try {
        await this.#status.annotate({ phase, progress: operation, cases })
      } catch (error) {
        // The next note says all there is to say; the run itself does not depend on it.
        this.problems.push((error as Error).message)
      }
      await sleep(progressMilliseconds, undefined, { signal: this.#over.signal }).catch(() => undefined)
    }
  }
}
