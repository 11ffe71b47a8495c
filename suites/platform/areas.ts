/** What the platform checkup looks at: one case each. */
export const areas = ['kubevirt', 'cdi', 'api', 'nodes', 'networking', 'storage', 'certificates', 'workloads'] as const
export type Area = (typeof areas)[number]

/** The outcome that a case expects, as a sentence. */
export const areaTitles: Record<Area, string> = {
  kubevirt: 'KubeVirt is installed, complete and up to date',
  cdi: 'CDI is installed, complete and up to date',
  api: 'the APIs of KubeVirt and CDI are served, and their webhooks answer',
  nodes: 'the nodes for VMs are ready and offer what VMs need',
  networking: 'the networks for VMs are there, and no policy blocks KubeVirt or CDI',
  storage: 'storage is ready for VMs: default classes, profiles, snapshots, golden images, uploads',
  certificates: 'no certificate of KubeVirt or CDI is about to expire',
  workloads: 'the VMs of users run where they were promised to, and none was lost',
}
