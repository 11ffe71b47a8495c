import { realtimeContract } from './contract.ts'
import { testReadmeOfChecks } from '../testing/readme.ts'

testReadmeOfChecks(realtimeContract)
