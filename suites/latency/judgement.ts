/** What the latency checkup says about its measurements: the numbers for the record, and the checks. */
import type { CheckResult, Measurement, Unit, Validity } from '../../helpers/run/case-record.ts'
import { parseDuration } from '../../helpers/units/duration.ts'
import { nanosecondsFromMilliseconds } from '../../helpers/units/milliseconds.ts'
import { type Judge, judgeOf } from '../statements.ts'
import { latencyContract, type LatencyParameters } from './contract.ts'
import type { PathMeasurement } from './procedure.ts'

export interface LatencyFindings {
  /** status.nodeName of both VMIs. */
  sourceNode: string
  targetNode: string
  /** Source to target first: its numbers are the documented results. */
  paths: PathMeasurement[]
}

interface Value {
  name: string
  value: number | null
  unit: Unit
}

export function latencyRecording({ sourceNode, targetNode, paths }: LatencyFindings): {
  measurements: Measurement[]
  results: Record<string, string | null>
  validity: Validity
} {
  const [documented] = paths
  const text = ({ value }: Value) => (value === null ? null : String(value))
  const problems = paths.flatMap((path) => path.problems)
  return {
    measurements: paths.flatMap(measurementsOf),
    results: {
      sourceNode,
      targetNode,
      ...(documented && {
        ...Object.fromEntries(valuesOf(documented).map((value) => [value.name, text(value)])),
        measurementDurationSec: String(Math.floor(documented.durationMilliseconds / 1000)),
      }),
    },
    validity: { valid: problems.length === 0, problems },
  }
}

function valuesOf({ summary, jitterNanoseconds, packets }: PathMeasurement): Value[] {
  const whole = (value: number | null) => (value === null ? null : Math.round(value))
  return [
    { name: 'minLatencyNanoSec', value: whole(summary.min), unit: 'ns' },
    { name: 'avgLatencyNanoSec', value: whole(summary.mean), unit: 'ns' },
    { name: 'maxLatencyNanoSec', value: whole(summary.max), unit: 'ns' },
    { name: 'p50LatencyNanoSec', value: whole(summary.p50), unit: 'ns' },
    { name: 'p95LatencyNanoSec', value: whole(summary.p95), unit: 'ns' },
    { name: 'p99LatencyNanoSec', value: whole(summary.p99), unit: 'ns' },
    { name: 'mdevNanoSec', value: whole(summary.standardDeviation), unit: 'ns' },
    { name: 'jitterNanoSec', value: whole(jitterNanoseconds), unit: 'ns' },
    { name: 'packetLossPercent', value: packets?.lossPercent ?? null, unit: '%' },
    { name: 'packetsTransmitted', value: packets?.transmitted ?? 0, unit: 'packets' },
    { name: 'packetsReceived', value: packets?.received ?? 0, unit: 'packets' },
    { name: 'duplicatePackets', value: packets?.duplicates ?? null, unit: 'packets' },
    { name: 'reorderedPackets', value: packets?.reordered ?? null, unit: 'packets' },
  ]
}

function measurementsOf(path: PathMeasurement): Measurement[] {
  return valuesOf(path).map(({ name, value, unit }) => ({
    name,
    subject: path.subject,
    value,
    unit,
    better: name === 'packetsTransmitted' || name === 'packetsReceived' ? 'higher' : 'lower',
    rawOutput: path.rawOutput,
    // The samples stand once, with the value that the documented check judges.
    ...(name === 'maxLatencyNanoSec' &&
      path.packets && { samples: path.packets.roundTripNanoseconds, lost: path.packets.lost }),
  }))
}

/** Every check of the contract, for every path. */
export function judgeLatency(
  findings: LatencyFindings,
  parameters: LatencyParameters,
  sources: Record<string, string>,
): CheckResult[] {
  const judge = judgeOf(latencyContract, sources)
  const onPath = (path: PathMeasurement, id: string, measurement: string, limit: number | null) => {
    const value = valuesOf(path).find(({ name }) => name === measurement)
    if (!value) throw new Error(`${id} judges "${measurement}", which no path has`)
    return judge({
      id,
      subject: path.subject,
      metric: path.unreachable === null ? measurement : `${measurement} ("${path.unreachable}")`,
      measurement,
      actual: value.value,
      limit,
      unit: value.unit,
    })
  }
  const duration = (text: string | undefined) => (text === undefined ? null : Number(parseDuration(text)))
  const maxDesired = parameters.maxDesiredLatencyMilliseconds
  return [
    placement(findings, parameters, judge),
    ...findings.paths.flatMap((path) => [
      onPath(path, 'latency.connectivity', 'packetsReceived', 1),
      onPath(path, 'latency.packet-loss', 'packetLossPercent', parameters.maxPacketLossPercent),
      onPath(
        path,
        'latency.max',
        'maxLatencyNanoSec',
        maxDesired === undefined ? null : nanosecondsFromMilliseconds(maxDesired),
      ),
      onPath(path, 'latency.average', 'avgLatencyNanoSec', duration(parameters.maxAverageLatency)),
      onPath(path, 'latency.p99', 'p99LatencyNanoSec', duration(parameters.maxP99Latency)),
      onPath(path, 'latency.jitter', 'jitterNanoSec', duration(parameters.maxJitter)),
      onPath(path, 'latency.duplicates', 'duplicatePackets', parameters.maxDuplicatePackets ?? null),
    ]),
  ]
}

export function placement(
  { sourceNode, targetNode }: Pick<LatencyFindings, 'sourceNode' | 'targetNode'>,
  parameters: LatencyParameters,
  judge: Judge,
): CheckResult {
  const asked = parameters.sourceNode !== undefined
  const actual = asked
    ? `${sourceNode} and ${targetNode}`
    : sourceNode === targetNode
      ? `both on ${sourceNode}`
      : 'different nodes'
  const limit = asked ? `${parameters.sourceNode} and ${parameters.targetNode}` : 'different nodes'
  return judge({ id: 'latency.placement', subject: '', metric: 'nodes of the VMs:', actual, limit, unit: '' })
}
