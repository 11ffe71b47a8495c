/** The trials of searches: what was tried against what was lost, one panel for each subject. */
import type { TopLevelSpec } from 'vega-lite'
import type { Measurement } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { shortened, singleLine } from '../plain-text.ts'
import { readableScale } from './axis-scale.ts'
import { colours, plotConfig } from './plot-style.ts'

type Searched = Measurement & Required<Pick<Measurement, 'search'>>

export interface SearchPlot {
  title: string
  measurements: readonly Measurement[]
}

const outcomes = ['passed', 'lost', 'invalid'] as const

/** null: no trial lost anything, so there is nothing to see that a table does not say better. */
export function searchPlot({ title, measurements }: SearchPlot): TopLevelSpec | null {
  const searched = measurements.filter((each): each is Searched => each.search !== undefined)
  const drawn = searched.filter(({ search }) => search.trials.some(({ outcome }) => outcome !== 'passed'))
  if (drawn.length === 0) return null
  const smooth = searched.length - drawn.length
  const subtitle = [
    'each mark is a trial',
    'blue line: found',
    'grey dashes: the most that is possible',
    ...(smooth === 0 ? [] : [`${smooth} without any loss not drawn`]),
  ].join(' · ')
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: plotConfig,
    title: { text: shortened(singleLine(title), 110), subtitle },
    columns: 2,
    spacing: 28,
    concat: drawn.map(panel),
  }
}

function panel({ subject = '', value, unit, search: { trials, top } }: Searched) {
  const scale = readableScale(unit, top)
  const tried = trials.map((trial) => trial.tried)
  const [lowest, most] = [Math.min(top, ...tried), Math.max(top, ...tried)]
  const margin = Math.max((most - lowest) * 0.04, most * 0.001)
  const x = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: `tried (${scale.unit})`,
    scale: { domain: [(lowest - margin) / scale.divisor, (most + margin) / scale.divisor], zero: false, nice: false },
    axis: { tickCount: 6 },
  })
  const lines = (values: { at: number }[], mark: object) => ({
    data: { values },
    mark: { type: 'rule' as const, strokeWidth: 1.5, ...mark },
    encoding: { x: x('at') },
  })
  return {
    title: {
      text: shortened(singleLine(subject), 60),
      subtitle: `found ${withUnit(value, unit)}`,
      fontSize: 12,
    },
    width: 330,
    height: 170,
    layer: [
      lines([{ at: top / scale.divisor }], { color: colours.muted, strokeDash: [4, 4] }),
      lines(value === null || value === 0 ? [] : [{ at: value / scale.divisor }], { color: colours.sample }),
      {
        data: {
          values: trials.map((trial) => ({
            ...trial,
            tried: trial.tried / scale.divisor,
            loss: trial.lossPercent ?? 0,
          })),
        },
        mark: { type: 'point' as const, filled: false, size: 70, strokeWidth: 2 },
        encoding: {
          x: x('tried'),
          y: {
            field: 'loss',
            type: 'quantitative' as const,
            title: 'loss (%)',
            scale: { zero: true, domainMin: 0 },
            axis: { tickCount: 5 },
          },
          color: {
            field: 'outcome',
            type: 'nominal' as const,
            scale: { domain: [...outcomes], range: [colours.passed, colours.lost, colours.muted] },
            legend: { title: null, orient: 'top' as const },
          },
          shape: {
            field: 'outcome',
            type: 'nominal' as const,
            scale: { domain: [...outcomes], range: ['circle', 'cross', 'diamond'] },
            legend: { title: null, orient: 'top' as const },
          },
        },
      },
    ],
  }
}
