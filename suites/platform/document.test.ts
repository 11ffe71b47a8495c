import { testDocumentOfChecks } from '../testing/document.ts'
import { platformContract } from './contract.ts'

testDocumentOfChecks(platformContract)
