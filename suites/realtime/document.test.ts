import { realtimeContract } from './contract.ts'
import { testDocumentOfChecks } from '../testing/document.ts'

testDocumentOfChecks(realtimeContract)
