import { testReadmeOfChecks } from '../testing/readme.ts'
import { platformContract } from './contract.ts'

testReadmeOfChecks(platformContract)
