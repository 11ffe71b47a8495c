import { testDocumentOfChecks } from '../testing/document.ts'
import { latencyContract } from './contract.ts'

testDocumentOfChecks(latencyContract)
