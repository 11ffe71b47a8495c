import { expect, test } from 'vitest'
import { ToolOutputError } from './tool-output.ts'
import { confirmTrexCommand, findTrexFailure, isTrexReady, trexConsole, trexShellCommand } from './trex-console.ts'

test('builds the documented commands', () => {
  const start = { profileFile: '/opt/tests/testpmd.py', packetsPerSecond: 8_000_000, port: 0, durationSeconds: 300 }
  const lines = [
    trexShellCommand(trexConsole.help),
    trexShellCommand(trexConsole.clear),
    trexShellCommand(trexConsole.start(start)),
    trexShellCommand(trexConsole.globalStatistics, true),
    trexShellCommand(trexConsole.portStatistics(1), true),
    trexShellCommand(trexConsole.latencyStatistics, true),
    trexShellCommand(trexConsole.stop),
  ]
  expect(lines).toEqual([
    'cd /opt/trex && echo "help" | ./trex-console',
    'cd /opt/trex && echo "clear" | ./trex-console',
    'cd /opt/trex && echo "start -f /opt/tests/testpmd.py -m 8mpps -p 0 -d 300" | ./trex-console',
    'cd /opt/trex && echo "verbose on;stats -g" | ./trex-console -q',
    'cd /opt/trex && echo "verbose on;stats --port 1 -p" | ./trex-console -q',
    'cd /opt/trex && echo "verbose on;stats -l" | ./trex-console -q',
    'cd /opt/trex && echo "stop" | ./trex-console',
  ])
  expect(
    trexConsole.start({ ...start, packetsPerSecond: 1_234_567, port: 1, tunables: { frame: 128, latency: 'on' } }),
  ).toBe('start -f /opt/tests/testpmd.py -m 1234567pps -p 1 -d 300 -t frame=128,latency=on')
})

test.each([
  [{ durationSeconds: 1.5 }, 'durationSeconds 1.5: expected a whole number from 1'],
  [{ durationSeconds: 0 }, 'durationSeconds 0'],
  [{ packetsPerSecond: 0 }, 'invalid packet rate 0'],
  [{ port: -1 }, 'port -1'],
  [{ profileFile: 'x.py' }, 'invalid TRex profile "x.py": expected an absolute path'],
  [{ profileFile: '/a b.py' }, 'without blanks'],
  [{ tunables: { frame: '1,x=2' } }, 'invalid TRex tunable "frame=1,x=2"'],
])('refuses to start with %j', (change, message) => {
  const start = { profileFile: '/opt/tests/testpmd.py', packetsPerSecond: 1000, port: 0, durationSeconds: 10 }
  expect(() => trexConsole.start({ ...start, ...change })).toThrow(message)
})

test.each(['stats $(reboot)', 'help"; reboot; echo "', 'a\nb', '`x`', '!!'])('refuses the line %j', (line) => {
  expect(() => trexShellCommand(line)).toThrow('has characters that a shell changes')
})

/** As the console writes it: padded to 60 columns, bold, the result coloured. */
const stepLine = (name: string, result: 'SUCCESS' | 'FAILED') =>
  `\u001B[1m${name.padEnd(60)}\u001B[22m\u001B[1m\u001B[32m[${result}]\u001B[39m\u001B[22m\n\n`

const connect = [
  "Using 'python3' as Python interpeter\n\n\n",
  stepLine('Connecting to RPC server on localhost:4501', 'SUCCESS'),
  stepLine('Acquiring ports [0, 1]:', 'SUCCESS'),
  '*** Warning - Port 0 destination is unresolved ***\n\n-=TRex Console v3.0=-\n\ntrex>\n',
].join('')
const leave = '72.94 [ms]\n\ntrex>Shutting down RPC client\n'
const beyondLineRate = [
  connect,
  stepLine('Attaching 4 streams to port(s) [0._]:', 'SUCCESS'),
  stepLine('Starting traffic on port(s) [0._]:', 'FAILED'),
  "start - Port 0 : *** Expected L1 B/W: '13.44 Gbps' exceeds port line rate: '10 Gbps'\n\n",
  leave,
].join('')

test('takes success only from the step itself', () => {
  const started = connect + stepLine('Starting traffic on port(s) [0._]:', 'SUCCESS') + leave
  expect(() => confirmTrexCommand('start', started)).not.toThrow()
  expect(() => confirmTrexCommand('start', started.replaceAll('\n', '\r\n'))).not.toThrow()
  expect(() => confirmTrexCommand('clear', started)).toThrow('nothing says that clear succeeded')
  expect(() => confirmTrexCommand('clear', connect + stepLine('Clearing stats :', 'SUCCESS'))).not.toThrow()
  expect(() =>
    confirmTrexCommand('stop', connect + stepLine('Stopping traffic on port(s) [0._]:', 'SUCCESS')),
  ).not.toThrow()
  expect(() => confirmTrexCommand('stop', `${connect}no active ports\n\n${leave}`)).not.toThrow()
  expect(findTrexFailure(started)).toBeNull()
})

test('gives the reason of a rate beyond that of the port', () => {
  const reason = "start - Port 0 : *** Expected L1 B/W: '13.44 Gbps' exceeds port line rate: '10 Gbps'"
  expect(findTrexFailure(beyondLineRate)).toMatchObject({ step: 'Starting traffic on port(s) [0._]', text: reason })
  expect(() => confirmTrexCommand('start', beyondLineRate.replaceAll('\n', '\r\n'))).toThrow(
    expect.objectContaining({ problem: 'refused', line: reason, message: expect.stringContaining('TRex failed at') }),
  )
})

test.each([
  ['', 'missing', 'nothing says that start succeeded; the last it says is, it holds no line'],
  [
    stepLine('Connecting to RPC server on localhost:4501', 'FAILED'),
    'refused',
    'TRex failed at "Connecting to RPC server',
  ],
  [
    `${connect}usage: start [-h]\nstart: error: unrecognized arguments: -x\n${leave}`,
    'refused',
    'unrecognized arguments',
  ],
  [connect, 'missing', 'in line 12: "trex>"'],
])('is not confirmed by case %#', (output, problem, message) => {
  expect(() => confirmTrexCommand('start', output)).toThrow(
    expect.objectContaining({ problem, message: expect.stringContaining(message) }),
  )
  expect(() => confirmTrexCommand('start', output)).toThrow(ToolOutputError)
})

test('knows a daemon that is ready', () => {
  expect(isTrexReady('trex>\n\u001B[1m\u001B[4mConsole Commands:\u001B[24m\u001B[22m\n\r\nhelp - ...\n')).toBe(true)
  expect(isTrexReady(stepLine('Connecting to RPC server on localhost:4501', 'FAILED'))).toBe(false)
  expect(isTrexReady('echo "Console Commands"')).toBe(false)
})
