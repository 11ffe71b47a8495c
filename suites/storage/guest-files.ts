/** What cloud-init puts into the guests of a group: the user, the data disk, and the service that runs fio. */
import { stringify } from 'yaml'
import type { KeyPair } from '../../helpers/guest/ssh-keys.ts'
import type { FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import {
  benchmarkScript,
  dataDirectory,
  deliveredJobFile,
  jobFilePath,
  scriptPath,
  workDirectory,
} from './benchmark-script.ts'

export const resultDirectory = `${workDirectory}/results`
const serviceName = 'perf-test.service'

const guestScript = benchmarkScript({
  shell: '/bin/bash',
  resultDirectory,
  report: `${resultDirectory}/$(cat ${workDirectory}/vm-name)-results.json`,
})

const unit = (timeoutSeconds: number): string => `[Unit]
Description=VM Storage Performance Test
After=multi-user.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${scriptPath}
TimeoutStartSec=${timeoutSeconds}
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
`

export interface GuestFiles {
  vmName: string
  user: string
  userKey: string
  hostKey: KeyPair
  packages: readonly string[]
  /** null: nothing is measured by a service. */
  job: { file: FioJobFile; startAt: number | null; timeoutSeconds: number } | null
}

/** cloud-config of one VM. */
export function guestUserData({ vmName, user, userKey, hostKey, packages, job }: GuestFiles): string {
  const config = {
    users: [
      {
        name: user,
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        shell: '/bin/bash',
        lock_passwd: true,
        ssh_authorized_keys: [userKey.trim()],
      },
    ],
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey.trim() },
    // Images of server distributions close all ports but SSH's, and some that one too.
    bootcmd: ['systemctl stop firewalld 2> /dev/null || true', 'nft flush ruleset 2> /dev/null || true'],
    ...(packages.length > 0 && { packages: [...packages] }),
    fs_setup: [{ label: 'perfdata', filesystem: 'xfs', device: '/dev/vdb', overwrite: false }],
    mounts: [['/dev/vdb', dataDirectory, 'xfs', 'defaults,noatime,nofail', '0', '2']],
    write_files: [
      { path: '/etc/ssh/sshd_config.d/10-perf-test.conf', content: 'UseDNS no\n' },
      { path: `${workDirectory}/vm-name`, content: `${vmName}\n` },
      ...(job === null
        ? []
        : [
            { path: jobFilePath, content: deliveredJobFile(job.file, job) },
            { path: scriptPath, permissions: '0755', content: guestScript },
            { path: `/etc/systemd/system/${serviceName}`, content: unit(job.timeoutSeconds) },
          ]),
    ],
    runcmd: [
      'systemctl enable --now sshd || systemctl enable --now ssh || true',
      ...(job === null
        ? []
        : ['systemctl daemon-reload', `systemctl enable ${serviceName}`, `systemctl start --no-block ${serviceName}`]),
    ],
  }
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`
}
