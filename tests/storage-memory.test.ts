/** What a run keeps of a group of VMs when it is over: the results, and nothing that grows with what was said to its guests. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'

const groups = 5
const mebibyte = 2 ** 20
/** In MiB for each group. The main process keeps the record, for run.json, and the cluster the last changes of its objects. */
const mostOfWorker = 1.5
const mostOfMain = 2

/** Each group is five VMs that do twelve permutations; each VM says about 600 kB meanwhile. */
const profile = {
  apiVersion: 'kubevirt-acceptance/v1',
  name: 'test',
  cluster: {
    embedded: {
      nodes: [{ name: 'worker1', cpus: 32, memory: '128Gi' }],
      storage: { classes: [{ name: 'standard', default: true, virtDefault: true }] },
    },
  },
  checkups: {
    storage: {
      defaults: { dataSourceName: 'fedora', dataSourceNamespace: 'kubevirt-os-images' },
      cases: [
        {
          mode: 'full',
          vmSizes: ['small:2:4Gi'],
          pvcSizes: Array.from({ length: groups }, (_, index) => `${100 + index}Gi`),
          concurrencyLevels: [5],
          fioRuntime: '10s',
          fioRampTime: '0s',
          random4kP99LimitMilliseconds: 1000,
          sequential1MP99LimitMilliseconds: 1000,
          syncP99LimitMilliseconds: 1000,
          // So short that VMs of a busy machine do not share them evenly.
          minJainIndex: 0,
          maxClockOffsetSeconds: 3600,
        },
      ],
    },
  },
}

test('the heap does not grow with the number of groups', { timeout: 300_000 }, async () => {
  const folder = await temporaryFolder()
  const samples = join(folder.path, 'samples')
  mkdirSync(samples)
  try {
    let over = 0
    const run = await acceptanceRun(folder.path, {
      profile,
      arguments: ['--project=storage'],
      direct: true,
      environment: {
        HEAP_SAMPLES: samples,
        NODE_OPTIONS: `--import=${new URL('./testdata/heap-samples.ts', import.meta.url).href}`,
      },
      onOutput: (output) => {
        const now = output.match(/^PASSED storage\//gm)?.length ?? 0
        // The processes end with the last group.
        if (now === over || now === groups) return
        over = now
        for (const name of readdirSync(samples)) process.kill(Number(name.split('-')[1]), 'SIGUSR2')
      },
    })
    expect(run.document?.verdict, run.output).toBe('passed')
    const permutations = run.document?.cases.map(({ results }) => results['permutationsMeasured'])
    expect(permutations).toEqual(Array.from({ length: groups }, () => '12'))
    const names = readdirSync(samples).toSorted((one, other) => one.localeCompare(other))
    expect(names.map((name) => name.split('-')[0])).toEqual(['main', 'worker'])
    for (const name of names) {
      const text = readFileSync(join(samples, name), 'utf8')
      const kept = text
        .trim()
        .split('\n')
        .map((bytes) => Number(bytes) / mebibyte)
      expect(kept, name).toHaveLength(groups - 1)
      // What is made once is there after the first two.
      const growth = (kept.at(-1)! - kept[1]!) / (kept.length - 2)
      const figures = `${name}: ${kept.map((each) => each.toFixed(1)).join(', ')} MiB`
      expect(growth, figures).toBeLessThan(name.startsWith('main') ? mostOfMain : mostOfWorker)
    }
  } finally {
    await folder.remove()
  }
})
