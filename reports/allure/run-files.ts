/** The files of an Allure result directory that describe the run: environment and executor. */
import type { EnvironmentInfo, ExecutorInfo } from 'allure-js-commons/sdk'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { guestsText } from '../measurement-text.ts'
import type { RunDescription } from '../run-description.ts'

export function environmentOf(document: RunDocument): EnvironmentInfo {
  const { cluster, versions, profile } = document
  return {
    verdict: `${document.verdict}, exit code ${document.exitCode}`,
    reason: document.reason,
    run: document.id,
    profile: `${profile.name} (${profile.path})`,
    cluster: `${cluster.server}${cluster.embedded ? ' (embedded)' : ''}`,
    context: cluster.context || undefined,
    guests: guestsText(cluster.guests) || undefined,
    'goes without': cluster.limitations?.join('; ') || undefined,
    nodes: cluster.nodes === null ? 'not readable' : cluster.nodes.map(({ name }) => name).join(', '),
    kubernetes: versions.kubernetes ?? 'unknown',
    kubevirt: versions.kubevirt ?? 'unknown',
    'kubevirt-acceptance': versions.kubevirtAcceptance,
    vitest: versions.vitest,
    node: versions.node,
  }
}

/** Who ran it: the CI job where the environment tells, else the command. */
export function executorOf(
  { directory, command }: RunDescription,
  environment: NodeJS.ProcessEnv = process.env,
): ExecutorInfo {
  const {
    GITHUB_SERVER_URL,
    GITHUB_REPOSITORY,
    GITHUB_RUN_ID,
    GITHUB_RUN_NUMBER,
    CI_JOB_URL,
    CI_PIPELINE_IID,
    BUILD_URL,
    BUILD_NUMBER,
  } = environment
  if (GITHUB_RUN_ID !== undefined)
    return {
      name: 'GitHub Actions',
      type: 'github',
      buildName: `run ${GITHUB_RUN_NUMBER ?? GITHUB_RUN_ID}`,
      buildOrder: Number(GITHUB_RUN_NUMBER ?? 0),
      buildUrl: `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`,
    }
  if (CI_JOB_URL !== undefined)
    return {
      name: 'GitLab CI',
      type: 'gitlab',
      buildName: `pipeline ${CI_PIPELINE_IID ?? ''}`.trim(),
      buildUrl: CI_JOB_URL,
    }
  if (BUILD_URL !== undefined)
    return { name: 'Jenkins', type: 'jenkins', buildName: `build ${BUILD_NUMBER ?? ''}`.trim(), buildUrl: BUILD_URL }
  return { name: 'kubevirt-acceptance', buildName: `${directory.id}: ${command.join(' ')}` }
}
