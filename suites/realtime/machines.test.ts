import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { realtimeContract } from './contract.ts'
import { machineNames, realtimeMachines } from './machines.ts'

const names = { vmUnderTest: 'realtime-vmi-under-test-x7k2p', config: 'realtime-vm-config-x7k2p' }
const machines = (given: object = {}) => realtimeMachines('acceptance', names, realtimeContract.parameters.parse(given))

test('the documented VM, field by field', () => {
  expect(machines({ vmUnderTestTargetNodeName: 'worker1' }).vmUnderTest).toEqual({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: {
      name: 'realtime-vmi-under-test-x7k2p',
      namespace: 'acceptance',
      annotations: {
        'cpu-load-balancing.crio.io': 'disable',
        'cpu-quota.crio.io': 'disable',
        'irq-load-balancing.crio.io': 'disable',
      },
    },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': 'worker1' },
      terminationGracePeriodSeconds: 0,
      domain: {
        cpu: {
          sockets: 1,
          cores: 4,
          threads: 1,
          model: 'host-passthrough',
          dedicatedCpuPlacement: true,
          isolateEmulatorThread: true,
          numa: { guestMappingPassthrough: {} },
          realtime: {},
        },
        memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } },
        devices: {
          autoattachGraphicsDevice: false,
          autoattachMemBalloon: false,
          autoattachSerialConsole: true,
          disks: [
            { name: 'rootdisk', disk: { bus: 'virtio' } },
            { name: 'realtime-config', serial: 'DEADBEEF' },
          ],
        },
      },
      readinessProbe: {
        exec: { command: ['cat', '/tmp/realtime-checkup-ready-marker'] },
        initialDelaySeconds: 90,
        periodSeconds: 10,
        timeoutSeconds: 10,
        failureThreshold: 30,
      },
      volumes: [
        {
          name: 'rootdisk',
          containerDisk: {
            image: 'quay.io/kiagnose/kubevirt-realtime-checkup-vm:main',
            imagePullPolicy: 'Always',
          },
        },
        { name: 'realtime-config', configMap: { name: 'realtime-vm-config-x7k2p', optional: false } },
        { name: 'cloudinitdisk', cloudInitNoCloud: { userData: expect.any(String) } },
      ],
    },
  })
})

test('without a node it is left to the scheduler', () => {
  expect(machines().vmUnderTest.spec).not.toHaveProperty('nodeSelector')
  expect(machines().vmUnderTest.spec).not.toHaveProperty('affinity')
})

test('sizes and CPUs as the profile has them', () => {
  const { vmUnderTest, config } = machines({
    cpuCores: 4,
    cpuThreads: 2,
    cpuModel: 'host-model',
    realtimeMask: '2-7',
    guestMemory: '512Mi',
    hugepageSize: '2Mi',
    isolateEmulatorThread: false,
    readyDelaySeconds: 5,
  })
  expect(vmUnderTest.spec.domain).toMatchObject({
    cpu: { cores: 4, threads: 2, model: 'host-model', realtime: { mask: '2-7' }, isolateEmulatorThread: false },
    memory: { guest: '512Mi', hugepages: { pageSize: '2Mi' } },
  })
  expect(vmUnderTest.spec.readinessProbe?.initialDelaySeconds).toBe(5)
  expect(config.data['realtime-checkup-boot.sh']).toContain('isolated_cores=2-7')
})

test('cloud-init runs the boot script from the disk of the ConfigMap, at each boot', () => {
  const { vmUnderTest } = machines()
  const userData = vmUnderTest.spec.volumes?.[2]?.cloudInitNoCloud?.userData ?? ''
  expect(userData.length).toBeLessThan(2048)
  expect(parse(userData)).toEqual({
    bootcmd: [
      'mkdir /mnt/app-config',
      "mount /dev/$(lsblk --nodeps -no name,serial | grep DEADBEEF | cut -f1 -d' ') /mnt/app-config",
      'cp /mnt/app-config/realtime-checkup-boot.sh /usr/bin/',
      'chmod 744 /usr/bin/realtime-checkup-boot.sh',
      '/usr/bin/realtime-checkup-boot.sh',
    ],
  })
})

test('the boot script is one that a shell reads, and isolates the measured CPUs with tuned', () => {
  for (const given of [{}, { tunedProfile: 'none' }]) {
    const script = machines(given).config.data['realtime-checkup-boot.sh'] ?? ''
    expect(() => execFileSync('bash', ['-n'], { input: script })).not.toThrow()
    expect(script).toContain('touch /tmp/realtime-checkup-ready-marker')
  }
  const script = machines().config.data['realtime-checkup-boot.sh'] ?? ''
  expect(script).toContain('echo "isolated_cores=2-3" > /etc/tuned/realtime-virtual-guest-variables.conf')
  expect(script).toContain('echo "isolate_managed_irq=Y" >> /etc/tuned/realtime-virtual-guest-variables.conf')
  expect(script).toContain('tuned-adm profile realtime-virtual-guest')
  expect(machines({ tunedProfile: 'none' }).config.data['realtime-checkup-boot.sh']).not.toContain('tuned')
})

test('names have the same random end', () => {
  const { vmUnderTest, config } = machineNames()
  expect(vmUnderTest).toMatch(/^realtime-vmi-under-test-[a-z0-9]{5}$/)
  expect(config).toBe(vmUnderTest.replace('vmi-under-test', 'vm-config'))
})
