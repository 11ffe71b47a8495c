import { lifecycleContract } from './contract.ts'
import { testReadmeOfChecks } from '../testing/readme.ts'

testReadmeOfChecks(lifecycleContract)
