import { isIP } from 'node:net'
import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { caseAddresses } from './addresses.ts'

const subnets = { ipv4Subnet: '192.168.100.0/24', ipv6Subnet: 'fd4c:6174:656e::/64' }

test('gives the two VMs of a case neighbouring addresses of the profile subnets', () => {
  const { source, target } = caseAddresses({
    runId: 'run',
    caseNumber: 0,
    ipv4Subnet: '10.1.2.7/30',
    ipv6Subnet: 'fd00::9/126',
  })
  expect([source.ipv4, target.ipv4]).toEqual([
    { address: '10.1.2.5', prefixLength: 30 },
    { address: '10.1.2.6', prefixLength: 30 },
  ])
  expect([source.ipv6, target.ipv6]).toEqual([
    { address: 'fd00::9', prefixLength: 126 },
    { address: 'fd00::a', prefixLength: 126 },
  ])
})

test('gives the same case of the same run the same addresses, another run others', () => {
  const options = { runId: '20261120-1', caseNumber: 3, ...subnets }
  expect(caseAddresses(options)).toEqual(caseAddresses(options))
  expect(caseAddresses({ ...options, runId: '20261120-2' }).source.macAddress).not.toBe(
    caseAddresses(options).source.macAddress,
  )
})

const octets = (address: string): number[] => address.split('.').map(Number)
const numberOf = (address: string): number => octets(address).reduce((value, octet) => value * 256 + octet, 0)

propertyTest.prop([fc.string(), fc.integer({ min: 8, max: 30 }), fc.ipV4(), fc.nat({ max: 5000 })])(
  'IPv4 addresses lie in the subnet and are neither network nor broadcast',
  (runId, length, base, caseNumber) => {
    const { source, target } = caseAddresses({
      runId,
      caseNumber,
      ipv4Subnet: `${base}/${length}`,
      ipv6Subnet: 'fd00::/64',
    })
    const size = 2 ** (32 - length)
    const network = Math.floor(numberOf(base) / size) * size
    for (const { ipv4 } of [source, target]) {
      expect(isIP(ipv4.address)).toBe(4)
      const value = numberOf(ipv4.address)
      expect(value).toBeGreaterThan(network)
      expect(value).toBeLessThan(network + size - 1)
      expect([1, 2]).toContain(value % 4)
    }
  },
)

propertyTest.prop([fc.string(), fc.integer({ min: 16, max: 126 }), fc.ipV6(), fc.nat({ max: 5000 })])(
  'IPv6 addresses are canonical and differ',
  (runId, length, base, caseNumber) => {
    const { source, target } = caseAddresses({
      runId,
      caseNumber,
      ipv4Subnet: '10.0.0.0/8',
      ipv6Subnet: `${base}/${length}`,
    })
    for (const { ipv6 } of [source, target]) {
      expect(isIP(ipv6.address)).toBe(6)
      expect(new URL(`http://[${ipv6.address}]`).hostname).toBe(`[${ipv6.address}]`)
    }
    expect(source.ipv6.address).not.toBe(target.ipv6.address)
  },
)

propertyTest.prop([fc.string(), fc.integer({ min: 16, max: 24 }), fc.nat({ max: 1000 })])(
  'no two cases of a run share an address while the subnet has room',
  (runId, length, first) => {
    const blocks = Math.min(2 ** (30 - length), 64)
    const cases = Array.from({ length: blocks }, (_, index) =>
      caseAddresses({ runId, caseNumber: first + index, ipv4Subnet: `10.7.0.0/${length}`, ipv6Subnet: 'fd00::/64' }),
    ).flatMap(({ source, target }) => [source, target])
    const all = cases.flatMap((guest) => [
      guest.ipv4.address,
      guest.ipv6.address,
      guest.macAddress,
      guest.managementMacAddress,
    ])
    expect(new Set(all).size).toBe(cases.length * 4)
    for (const guest of cases) expect(guest.macAddress).toMatch(/^02(:[\da-f]{2}){5}$/)
  },
)

test.each([
  [{ ipv4Subnet: '10.0.0.0' }, '"10.0.0.0" is not an IPv4 subnet such as 192.0.2.0/24'],
  [{ ipv4Subnet: '10.0.0.256/24' }, '"10.0.0.256/24" is not an IPv4 subnet'],
  [{ ipv4Subnet: '10.0.0.0/33' }, '"10.0.0.0/33" is not an IPv4 subnet'],
  [
    { ipv4Subnet: '10.0.0.0/31' },
    'The subnet "10.0.0.0/31" is too small for two VMs; its prefix length must be at most 30',
  ],
  [{ ipv6Subnet: 'fd00::/127' }, 'its prefix length must be at most 126'],
  [{ ipv6Subnet: 'fd00:/64' }, '"fd00:/64" is not an IPv6 subnet such as fd00::/64'],
  [{ ipv6Subnet: 'x]/y[::/64' }, 'is not an IPv6 subnet'],
  [{ caseNumber: -1 }, 'there is no case -1'],
])('refuses %j', (wrong, message) => {
  expect(() => caseAddresses({ runId: 'run', caseNumber: 0, ...subnets, ...wrong })).toThrow(message)
})
