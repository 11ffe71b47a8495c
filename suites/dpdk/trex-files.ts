/** What TRex needs in the guest of the traffic generator: its configuration, its service, and the streams it sends. */
import { stringify } from 'yaml'
import { imix, type FrameSize } from '../../helpers/tools/packet-rate.ts'
import type { CpuPlan } from './cpu-plan.ts'
import { portsOf, type Direction } from './traffic-generator.ts'

export const trexFolder = '/opt/trex'
const streamFolder = '/opt/tests'

/** Four streams that differ in their UDP port, so that a NIC with several queues spreads them. */
const streamCount = 4
const firstUdpPort = 1026
const fcsBytes = 4
/** Packets per second of the timed stream; its rate is not scaled with those of the others. */
const timedPacketsPerSecond = 1000
const timedStreamId = 1

export interface StreamProfile {
  direction: Direction
  frame: FrameSize
  latency: boolean
}

/** Name of the file with the streams: `testpmd.py` for the documented ones. */
function streamFile({ direction, frame, latency }: StreamProfile): string {
  const parts = [
    'testpmd',
    ...(direction === 'east-to-west' ? [] : ['west']),
    ...(frame === 64 ? [] : [String(frame).toLowerCase()]),
    ...(latency ? ['latency'] : []),
  ]
  return `${parts.join('_')}.py`
}

/** Where the file is in the guest. */
export const streamFilePath = (profile: StreamProfile): string => `${streamFolder}/${streamFile(profile)}`

export interface TrexFilesOptions {
  trex: NonNullable<CpuPlan['trex']>
  /** `0000:06:00.0` */
  pciAddresses: { east: string; west: string }
  portBandwidthGbps: number
  /** Of the VM under test. */
  macAddresses: { east: string; west: string }
  profiles: readonly StreamProfile[]
}

/** By file name. */
export function trexFiles(options: TrexFilesOptions): Record<string, string> {
  const { east, west } = options.macAddresses
  return {
    'trex_cfg.yaml': configuration(options),
    'trex.service': service,
    run_trex_daemon: daemon(options.trex.workers.length),
    'testpmd_addr.py': `# MAC addresses of the VM under test, by the port of TRex that sends to them.\nvm_under_test = ${JSON.stringify([east, west])}\n`,
    ...Object.fromEntries(options.profiles.map((profile) => [streamFile(profile), streams(profile)])),
  }
}

function configuration({ trex, pciAddresses, portBandwidthGbps }: TrexFilesOptions): string {
  // TRex leaves out the PCI domain, which is 0 in a VM.
  const address = (pciAddress: string) => pciAddress.replace(/^0000:/, '')
  return stringify([
    {
      port_limit: 2,
      version: 2,
      interfaces: [address(pciAddresses.east), address(pciAddresses.west)],
      rx_desc: 4096,
      tx_desc: 4096,
      port_bandwidth_gb: portBandwidthGbps,
      port_info: [
        { ip: '10.10.10.2', default_gw: '10.10.10.1' },
        { ip: '10.10.20.2', default_gw: '10.10.20.1' },
      ],
      platform: {
        master_thread_id: trex.master,
        latency_thread_id: trex.latency,
        dual_if: [{ socket: 0, threads: trex.workers }],
      },
    },
  ])
}

const service = `[Unit]
Description=TRex packet generator
After=network.target

[Service]
Type=simple
User=root
WorkingDirectory=${trexFolder}
ExecStart=${trexFolder}/run_trex_daemon
Restart=no

[Install]
WantedBy=multi-user.target
`

const daemon = (workers: number) => `#!/bin/sh
# Interactive server; the console connects to it.
exec ./t-rex-64 --no-ofed-check --no-scapy-server --no-hw-flow-stat -i -c ${workers} --iom 0
`

function streams({ direction, frame, latency }: StreamProfile): string {
  const { sending } = portsOf(direction)
  const frames = frame === 'IMIX' ? imix : [{ frameBytes: frame, share: 1 }]
  const timed = `        streams.append(STLStream(
            packet=packet(${frames[0]?.frameBytes ?? 64}, ${streamCount}),
            mode=STLTXCont(pps=${timedPacketsPerSecond}),
            flow_stats=STLFlowLatencyStats(pg_id=${timedStreamId})))
`
  return `# UDP packets from port ${sending} to the VM under test. TRex scales the rates to the one that is asked for.
from trex_stl_lib.api import *
from testpmd_addr import vm_under_test

# Bytes of each frame with its ${fcsBytes} bytes of FCS, and its share.
FRAMES = [${frames.map(({ frameBytes, share }) => `(${frameBytes}, ${share})`).join(', ')}]


def packet(frame_bytes, stream):
    headers = (Ether(dst=vm_under_test[${sending}])
               / IP(src='16.0.0.1', dst='10.0.0.1')
               / UDP(sport=${firstUdpPort}, dport=${firstUdpPort} + stream))
    return STLPktBuilder(pkt=headers / (b'x' * max(0, frame_bytes - ${fcsBytes} - len(headers))))


class Streams(object):
    # What TRex passes differs between its versions; nothing of it is needed.
    def get_streams(self, *args, **kwargs):
        streams = [STLStream(packet=packet(size, stream), mode=STLTXCont(pps=share))
                   for size, share in FRAMES for stream in range(${streamCount})]
${latency ? timed : ''}        return streams


def register():
    return Streams()
`
}
