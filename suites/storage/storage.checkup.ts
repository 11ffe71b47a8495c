import { checkup } from '../../fixtures/checkup.ts'
import { runBootStorm } from './boot-storm.ts'
import type { StorageContext } from './bring-up.ts'
import { runClone } from './clone.ts'
import { storageContract } from './contract.ts'
import { runHotplug } from './hotplug.ts'
import { measureGroup } from './measure-group.ts'
import { runMigration } from './migration.ts'
import type { Procedure } from './parameters.ts'
import { runPreflight } from './preflight.ts'
import { measureQueueDepths, measureScale } from './scale.ts'
import { runSnapshot } from './snapshot.ts'

const procedures: Record<Procedure, (context: StorageContext) => Promise<void>> = {
  fio: measureMatrix,
  preflight: runPreflight,
  clone: runClone,
  snapshot: runSnapshot,
  hotplug: runHotplug,
  bootstorm: runBootStorm,
  migration: runMigration,
}

function measureMatrix(context: StorageContext): Promise<void> {
  const { mode } = context.parameters
  if (mode === 'scale') return measureScale(context)
  return mode === 'qd' ? measureQueueDepths(context) : measureGroup(context)
}

checkup(storageContract, async (context) => {
  const { dryRun, procedure } = context.parameters
  if (dryRun) context.skip('a dry run (dryRun): `npx kubevirt-acceptance plan` shows what it would do')
  await procedures[procedure](context)
})
