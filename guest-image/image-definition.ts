/** What the guest image consists of. A further layer (measuring tools, say) is one more entry here and nothing else. */

interface ProgramLayer {
  name: string
  /**
   * memory (default): an archive that is unpacked when the guest starts. disk: a read-only disk for the guests that need
   * it, for what is too much to unpack; all files are in one folder, and there can be neither links nor folders.
   */
  medium?: 'memory' | 'disk'
  /** Debian packages that the programs come from; their dependencies are found by the build. */
  packages: string[]
  /** Looked for in bin, sbin and lib/openssh; installed into /usr/bin with the libraries they load. */
  programs: string[]
  /** Libraries that a program opens at run time, which no ELF header names. */
  libraries: string[]
  /** Symbolic links: path in the guest -> target. */
  links?: Record<string, string>
  /** Folders of a package that go in as they are. */
  folders?: { package: string; path: string }[]
}

export interface KernelDefinition {
  /** Names of the layers that the kernel and its modules become. */
  layers: { kernel: string; modules: string }
  /** linux-image-FLAVOUR: the release of its kernel ends with -FLAVOUR. */
  package: string
  /** Modules that every guest loads when it starts, in this order after those they need. */
  modulesAtBoot: string[]
  /** Modules there for `modprobe`. */
  modulesOnDemand: string[]
}

/** Drivers that dpdk-testpmd loads when it starts: each library in its plugin folder that has the ABI version in full. */
const dpdkPlugins = ['bus_pci', 'bus_vdev', 'mempool_ring', 'net_virtio']

export interface ImageDefinition {
  kernels: KernelDefinition[]
  /** Each layer leaves out the libraries of the first one, which every guest has. */
  layers: ProgramLayer[]
}

const modulesAtBoot = ['virtio_pci', 'virtio_net', 'virtio_console', 'qemu_fw_cfg', 'pvpanic_mmio', 'button', 'evdev']
const configDiskModules = ['virtio_blk', 'vfat', 'nls_cp437', 'nls_ascii']

export const imageDefinition: ImageDefinition = {
  kernels: [
    {
      layers: { kernel: 'kernel', modules: 'modules' },
      package: 'linux-image-cloud-amd64',
      modulesAtBoot,
      modulesOnDemand: [
        ...configDiskModules,
        'isofs',
        'virtio_scsi',
        'sd_mod',
        'xfs',
        'virtio_rng',
        'sch_netem',
        'uio_pci_generic',
        'pktgen',
      ],
    },
    {
      layers: { kernel: 'realtime-kernel', modules: 'realtime-modules' },
      package: 'linux-image-rt-amd64',
      modulesAtBoot,
      modulesOnDemand: [...configDiskModules, 'virtio_rng', 'sch_netem'],
    },
  ],
  layers: [
    {
      name: 'base',
      packages: [
        'busybox-static',
        'bash',
        'iputils-ping',
        'iproute2',
        'ethtool',
        'dropbear-bin',
        'util-linux',
        'qemu-guest-agent',
      ],
      programs: [
        'busybox',
        'bash',
        'ping',
        'ip',
        'tc',
        'ethtool',
        'dropbear',
        'dropbearkey',
        'taskset',
        'chrt',
        'lscpu',
        'setpriv',
        'qemu-ga',
      ],
      libraries: [],
    },
    {
      name: 'dpdk',
      packages: [
        'dpdk-dev',
        'librte-bus-pci23',
        'librte-bus-vdev23',
        'librte-mempool-ring23',
        'librte-net-virtio23',
        'libgcc-s1',
        'util-linux',
      ],
      programs: ['dpdk-testpmd', 'lsblk'],
      // A thread that ends makes the C library open libgcc_s.
      libraries: [...dpdkPlugins.map((name) => `librte_${name}.so.23`), 'libgcc_s.so.1'],
      links: Object.fromEntries(
        dpdkPlugins.map((name) => [
          `usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_${name}.so.23.0`,
          `../../librte_${name}.so.23`,
        ]),
      ),
    },
    {
      name: 'realtime',
      packages: ['rt-tests', 'util-linux', 'python3.11-minimal'],
      programs: ['oslat', 'cyclictest', 'hwlatdetect', 'lsblk', 'python3.11'],
      libraries: [],
      // hwlatdetect is a Python script that needs no more than the smallest of Debian's standard libraries.
      folders: [{ package: 'libpython3.11-minimal', path: 'usr/lib/python3.11' }],
      links: { 'usr/bin/python3': 'python3.11' },
    },
    {
      name: 'storage',
      medium: 'disk',
      packages: ['fio', 'jq', 'xfsprogs', 'e2fsprogs', 'util-linux', 'openssh-sftp-server'],
      programs: [
        'fio',
        'jq',
        'mkfs.xfs',
        'xfs_growfs',
        'mkfs.ext4',
        'resize2fs',
        'blkid',
        'wipefs',
        'lsblk',
        'findmnt',
        'mountpoint',
        'fstrim',
        'fallocate',
        'sftp-server',
      ],
      libraries: [],
    },
  ],
}

/** Links that make the usual paths of a distribution work; the overlay folder holds everything that is a file. */
export const skeleton = {
  // The root itself: Linux leaves it writable to all, which DPDK refuses.
  directories: ['.', 'dev', 'proc', 'sys', 'run', 'root', 'home', 'mnt', 'var/log', 'var/lib', 'etc/dropbear'],
  /** Where everybody may write. */
  sharedDirectories: ['tmp', 'var/tmp'],
  links: {
    bin: 'usr/bin',
    sbin: 'usr/bin',
    lib: 'usr/lib',
    lib64: 'usr/lib64',
    'usr/sbin': 'bin',
    'var/run': '../run',
    'etc/mtab': '../proc/mounts',
  },
}
