import { lifecycleContract } from './contract.ts'
import { testDocumentOfChecks } from '../testing/document.ts'

testDocumentOfChecks(lifecycleContract)
