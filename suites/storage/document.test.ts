import { storageContract } from './contract.ts'
import { testDocumentOfChecks } from '../testing/document.ts'

testDocumentOfChecks(storageContract)
