import { checkup } from '../../fixtures/checkup.ts'
import { storageContract } from './contract.ts'
import { measureGroup } from './measure-group.ts'

checkup(storageContract, async (context) => {
  const { parameters } = context
  if (parameters.dryRun) context.skip('a dry run (dryRun): `npx kubevirt-acceptance plan` shows what it would do')
  await measureGroup(context)
})
