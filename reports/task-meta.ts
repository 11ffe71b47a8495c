/** What travels from a test in a worker process to the reporters: the case's record when it ends, operations as they happen. */
import type { TestArtifactBase } from 'vitest'
import type { CaseRecord } from '../helpers/run/case-record.ts'
import type { Operation } from '../helpers/run/operation.ts'

export const operationArtifactType = 'kubevirt-acceptance:operation'

/** Sent with `recordArtifact(task, { type: operationArtifactType, operation })`. */
interface OperationArtifact extends TestArtifactBase {
  type: typeof operationArtifactType
  operation: Operation
}

/** `task.meta.kubevirtAcceptance`: which case a test is (given when it is defined), and its record (set when it ends). */
interface CaseMeta {
  caseId?: string
  checkup?: string
  record?: CaseRecord
}

declare module 'vitest' {
  interface TaskMeta {
    kubevirtAcceptance?: CaseMeta
  }
  interface TestArtifactRegistry {
    'kubevirt-acceptance:operation': OperationArtifact
  }
}
