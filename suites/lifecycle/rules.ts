import type { ParameterProblem } from '../../helpers/run/checkup-contract.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { problemReport } from '../rules.ts'
import { needsStorage } from './needs.ts'
import type { LifecycleParameters } from './parameters.ts'

/** What several parameters say together. */
export function lifecycleRules(of: LifecycleParameters): ParameterProblem[] {
  const { problems, error } = problemReport<LifecycleParameters>()
  if (of.kind === 'data-volume-http' && of.imageUrl === undefined)
    error('imageUrl', 'a DataVolume that is imported by HTTP needs the address of an image; set imageUrl')
  if (of.guestUser !== undefined && of.guestPassword === undefined)
    error('guestUser', 'guestUser without guestPassword; give both or neither')
  if (of.guestPassword !== undefined && of.guestUser === undefined)
    error('guestPassword', 'guestPassword without guestUser; give both or neither')
  const step = needsStorage(of.kind) ? 'dataVolumeTimeout' : 'stepTimeout'
  if (durationMilliseconds(of.timeout) < durationMilliseconds(of[step]))
    error('timeout', `${of.timeout} is shorter than ${step}, ${of[step]}; raise timeout or lower ${step}`)
  return problems
}
