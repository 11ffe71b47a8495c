/** What runs fio, in guests and in pods: the job file as it is delivered, and the script that obeys it. */
import { renderFioJobFile, type FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import { laidOutFiles } from './plan.ts'

export const dataDirectory = '/mnt/data'
export const workDirectory = '/opt/perf-test'
export const jobFilePath = `${workDirectory}/fio-job.fio`
export const scriptPath = `${workDirectory}/run-benchmark.sh`

export interface Delivery {
  /** Seconds since 1970, so that all begin together; null: at once. */
  startAt: number | null
  /** Whether the files of another job go first: there may be no room for both. */
  clearData?: boolean
}

/**
 * The job file as it is delivered. Its comments tell the script what to remove and to write before anything is measured, and when
 * to begin.
 */
export function deliveredJobFile(file: FioJobFile, { startAt, clearData = false }: Delivery): string {
  const layout = laidOutFiles(file).map(({ name, bytes }) => `# lay out: ${bytes} ${name}\n`)
  return [
    ...(clearData ? ['# clear data\n'] : []),
    ...layout,
    ...(startAt === null ? [] : [`# start at: ${startAt}\n`]),
    renderFioJobFile(file),
  ].join('')
}

export interface ScriptPlace {
  /** The shell, by its path. */
  shell: string
  /** Directory that has to be there for the report; null: none. */
  resultDirectory: string | null
  /** File of the report, in words of the shell; null: standard output. */
  report: string | null
}

/** Whether the files of the job before are others than those of this one; null: there was none. */
export function hasOtherFiles(before: FioJobFile | null, file: FioJobFile): boolean {
  const layoutOf = (of: FioJobFile) => JSON.stringify(laidOutFiles(of))
  return before === null || layoutOf(before) !== layoutOf(file)
}

/** For a POSIX shell. Prefilling happens before the barrier: writing files is no part of what is measured. */
export const benchmarkScript = ({ shell, resultDirectory, report }: ScriptPlace): string => `#!${shell}
job=${jobFilePath}
if ! mountpoint -q ${dataDirectory}; then
  echo "${dataDirectory} is not a mount point"
  exit 1
fi
${resultDirectory === null ? '' : `mkdir -p ${resultDirectory}\n`}if grep -q '^# clear data$' "$job"; then
  rm -f ${dataDirectory}/* 2> /dev/null
fi
sed -n 's/^# lay out: //p' "$job" | while read -r bytes file; do
  if [ "$(stat -c %s "${dataDirectory}/$file" 2> /dev/null)" != "$bytes" ]; then
    fio --name=prefill --filename="${dataDirectory}/$file" --size="$bytes" --rw=write --bs=1M --direct=1 --ioengine=libaio --iodepth=8 --numjobs=1 --output=/dev/null || echo "could not lay out $file"
  fi
done
start=$(sed -n 's/^# start at: //p' "$job")
now=$(date +%s)
if [ -n "$start" ] && [ "$start" -gt "$now" ]; then
  sleep $((start - now))
fi
fio --directory=${dataDirectory} --output-format=json+ ${report === null ? '' : `--output=${report} `}"$job"
`
