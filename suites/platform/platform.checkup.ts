import { checkup } from '../../fixtures/checkup.ts'
import type { CheckupContext } from '../../fixtures/checkup-context.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { judgeApi, readApi } from './api.ts'
import type { Area } from './areas.ts'
import { findBaseline, snapshotName } from './baseline.ts'
import { judgeCertificates, readCertificates } from './certificates.ts'
import { platformContract } from './contract.ts'
import { judgeInstallation, readInstallationArea } from './installation.ts'
import { judgeNetworking, readNetworking } from './networking.ts'
import { judgeNodes, readVmNodes } from './nodes.ts'
import type { PlatformParameters } from './parameters.ts'
import { PlatformReport } from './report.ts'
import { startOfRun } from './run-start.ts'
import { judgeStorage, readStorage } from './storage.ts'
import { readClusterIdentity, readWorkloads, snapshotOf } from './workload-snapshot.ts'
import { judgeWorkloads, type WorkloadFindings } from './workloads.ts'

type Context = CheckupContext<PlatformParameters>

/** Reads an area, keeps what was found, and says what it is to be held against. */
type Inspection = (context: Context) => Promise<(report: PlatformReport) => void>

checkup(platformContract, async (context) => {
  const { parameters, measure, operation, reader } = context
  const { area } = parameters
  const [judgement, version] = await measure(() =>
    operation('LOOK', area, () => Promise.all([inspections[area](context), reader.version()])),
  )
  const report = new PlatformReport(parameters, context.sources)
  judgement(report)
  report.results['kubernetesVersion'] = version.gitVersion
  const { measurements, tables, results, checks, nothingJudged } = report
  await context.record({ measurements, tables, results, validity: { valid: true, problems: [] } })
  if (nothingJudged !== undefined) context.skip(nothingJudged)
  context.judge(checks)
})

const installation =
  (area: 'kubevirt' | 'cdi'): Inspection =>
  async ({ reader, parameters, clock, runId, keepRawOutput }) => {
    const found = await readInstallationArea(reader, area, parameters)
    await keepFindings(keepRawOutput, found)
    const window = (await clock.now()) - durationMilliseconds(parameters.restartWindow)
    const since = Math.min(window, startOfRun(runId))
    return (report) => judgeInstallation(found, area, parameters, { since, report })
  }

const inspections: Record<Area, Inspection> = {
  kubevirt: installation('kubevirt'),
  cdi: installation('cdi'),
  api: async ({ reader, parameters, namespace, keepRawOutput }) => {
    const found = await readApi(reader, namespace, parameters)
    await keepFindings(keepRawOutput, found)
    return (report) => judgeApi(found, parameters, report)
  },
  nodes: async ({ reader, parameters, clock, keepRawOutput }) => {
    const found = await readVmNodes(reader)
    const now = await clock.now()
    await keepFindings(keepRawOutput, found)
    return (report) => judgeNodes(found, parameters, { now, report })
  },
  networking: async ({ reader, parameters, namespace, keepRawOutput }) => {
    const found = await readNetworking(reader, namespace, parameters)
    await keepFindings(keepRawOutput, found)
    return (report) => judgeNetworking(found, parameters, report)
  },
  storage: async ({ reader, parameters, keepRawOutput }) => {
    const found = await readStorage(reader, parameters)
    await keepFindings(keepRawOutput, found)
    return (report) => judgeStorage(found, parameters, report)
  },
  certificates: async ({ reader, parameters, clock, keepRawOutput }) => {
    const found = await readCertificates(reader, parameters)
    const now = await clock.now()
    await keepFindings(keepRawOutput, found)
    return (report) => judgeCertificates(found, parameters, { now, report })
  },
  workloads: async (context) => {
    const found = await inspectWorkloads(context)
    return (report) => judgeWorkloads(found, report)
  },
}

async function inspectWorkloads(context: Context): Promise<WorkloadFindings> {
  const { reader, parameters, clock, runId, runsDirectory, keepRawOutput } = context
  const [workloads, nodes, cluster] = await Promise.all([
    readWorkloads(reader),
    reader.list({ apiVersion: 'v1', kind: 'Node' }),
    readClusterIdentity(reader),
  ])
  if ('missing' in workloads) return { workloads, nodes, snapshot: null, baseline: undefined }
  const snapshot = snapshotOf(workloads.known, cluster, await clock.now())
  // Kept before it is compared: it is the baseline of the next run.
  await keepRawOutput(snapshotName, JSON.stringify(snapshot, null, 2), 'application/json')
  const baseline = findBaseline({ runsDirectory, runId, cluster, given: parameters.baselineRun })
  return { workloads, nodes, snapshot, baseline }
}

/** What was read, as it was: the reason of every verdict. */
const keepFindings = (keepRawOutput: Context['keepRawOutput'], found: unknown): Promise<string> =>
  keepRawOutput('findings.json', JSON.stringify(found, null, 2), 'application/json')
