import { storageContract } from './contract.ts'
import { testReadmeOfChecks } from '../testing/readme.ts'

testReadmeOfChecks(storageContract)
