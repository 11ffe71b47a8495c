/** Configuration of `allure generate` for one run: how the page looks, and which measurements it follows over runs. */
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { categories } from './case-result.ts'
import { metricsOf } from './metrics.ts'

export function allureConfiguration(document: RunDocument, historyPath: string): object {
  const { profile } = document
  const metrics = document.cases.flatMap(metricsOf)
  const checkups = [...new Set(document.cases.map(({ checkup }) => checkup))]
  return {
    name: `KubeVirt acceptance: ${profile.name} · ${document.verdict}`,
    historyPath,
    appendHistory: true,
    historyLimit: 50,
    // For other readers of the results; here they would stand between a failure and its plots.
    hideLabels: ['parentSuite', 'suite', 'subSuite', 'story', 'framework', 'language', 'testCaseId'],
    // categories.json is for other readers of the results; this one wants them here.
    categories,
    performance: {
      groups: Object.fromEntries(checkups.map((checkup) => [checkup, { title: checkup }])),
      metrics: Object.fromEntries(
        metrics.map(({ key, title, unit, better, group }) => [key, { title, unit, better, group }]),
      ),
    },
    plugins: {
      awesome: {
        options: {
          reportName: `KubeVirt acceptance: ${profile.name} · ${document.verdict}`,
          singleFile: true,
          theme: 'auto',
          reportLanguage: 'en',
          groupBy: ['epic', 'feature'],
          // Failed cases first.
          defaultSortBy: 'status,asc',
        },
      },
    },
  }
}
