/** What travels from a test in a worker process to the reporters: which case a test is, and operations as they happen. */
import type { TestArtifactBase } from 'vitest'
import type { Operation } from '../helpers/run/operation.ts'

export const operationArtifactType = 'kubevirt-acceptance:operation'

/** Sent with `recordArtifact(task, { type: operationArtifactType, operation })`. */
interface OperationArtifact extends TestArtifactBase {
  type: typeof operationArtifactType
  operation: Operation
}

/** `task.meta.kubevirtAcceptance`: which case a test is, given when it is defined. Its record is a file of the run. */
interface CaseMeta {
  caseId?: string
  checkup?: string
}

declare module 'vitest' {
  interface TaskMeta {
    kubevirtAcceptance?: CaseMeta
  }
  interface TestArtifactRegistry {
    'kubevirt-acceptance:operation': OperationArtifact
  }
}
