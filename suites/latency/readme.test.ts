import { testReadmeOfChecks } from '../testing/readme.ts'
import { latencyContract } from './contract.ts'

testReadmeOfChecks(latencyContract)
