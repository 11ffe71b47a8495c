import { createHash } from 'node:crypto'

interface InterfaceAddress {
  address: string
  prefixLength: number
}

/** What one VM of a case is known by on the tested network. */
export interface GuestAddresses {
  macAddress: string
  /** Of the pod network interface that SSH needs. */
  managementMacAddress: string
  ipv4: InterfaceAddress
  ipv6: InterfaceAddress
}

export interface AddressOptions {
  runId: string
  /** Position of the case in the plan of the run, from 0. */
  caseNumber: number
  /** CIDR, prefix length at most 30. */
  ipv4Subnet: string
  /** CIDR, prefix length at most 126. */
  ipv6Subnet: string
}

/** Each case has a block of four addresses of its own; the first and the last name the block and its broadcast. */
const blockBits = 2n

/**
 * Addresses for the two VMs of a case: the same for the same run and case, and different for all cases of a run that
 * fit into the subnet. Cases that are further apart share a block; they would have to run at the same time, on the same
 * network, to disturb each other.
 * @throws RangeError for a subnet that is none, or that has no room for two addresses.
 */
export function caseAddresses(options: AddressOptions): { source: GuestAddresses; target: GuestAddresses } {
  const { caseNumber, runId } = options
  if (!Number.isInteger(caseNumber) || caseNumber < 0 || caseNumber >= 2 ** 14)
    throw new RangeError(
      `A run has at most ${2 ** 14} cases with addresses of their own; there is no case ${caseNumber}`,
    )
  const hash = createHash('sha256').update(runId).digest()
  const ipv4 = block(parseSubnet(options.ipv4Subnet, 4), hash, caseNumber)
  const ipv6 = block(parseSubnet(options.ipv6Subnet, 6), hash, caseNumber)
  const guest = (role: 0 | 1): GuestAddresses => ({
    macAddress: macAddress(hash, caseNumber * 4 + role),
    managementMacAddress: macAddress(hash, caseNumber * 4 + 2 + role),
    ipv4: ipv4(BigInt(role) + 1n),
    ipv6: ipv6(BigInt(role) + 1n),
  })
  return { source: guest(0), target: guest(1) }
}

/** Locally administered, unicast: `02`, three bytes of the run, two that count within it. */
function macAddress(hash: Buffer, number: number): string {
  const bytes = [0x02, ...hash.subarray(0, 3), number >> 8, number & 0xff]
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

interface Subnet {
  family: 4 | 6
  base: bigint
  /** Number of bits below the prefix. */
  hostBits: bigint
}

function block(subnet: Subnet, hash: Buffer, caseNumber: number): (host: bigint) => InterfaceAddress {
  const blocks = 1n << (subnet.hostBits - blockBits)
  const first = hash.readBigUInt64BE(8)
  const number = (first + BigInt(caseNumber)) % blocks
  const start = subnet.base + (number << blockBits)
  return (host) => ({
    address: subnet.family === 4 ? formatIpv4(start + host) : formatIpv6(start + host),
    prefixLength: subnet.family === 4 ? 30 : 126,
  })
}

function parseSubnet(text: string, family: 4 | 6): Subnet {
  const bits = family === 4 ? 32 : 128
  const [address = '', length = '', ...rest] = text.split('/')
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  const value = family === 4 ? parseIpv4(address) : parseIpv6(address)
  if (value === null || rest.length > 0 || !(prefixLength >= 0 && prefixLength <= bits))
    throw new RangeError(
      `"${text}" is not an IPv${family} subnet such as ${family === 4 ? '192.0.2.0/24' : 'fd00::/64'}`,
    )
  if (prefixLength > bits - Number(blockBits))
    throw new RangeError(
      `The subnet "${text}" is too small for two VMs; its prefix length must be at most ${bits - Number(blockBits)}`,
    )
  const hostBits = BigInt(bits - prefixLength)
  return { family, base: (value >> hostBits) << hostBits, hostBits }
}

function parseIpv4(text: string): bigint | null {
  const octets = text.split('.')
  if (octets.length !== 4 || octets.some((octet) => !/^(?:0|[1-9]\d{0,2})$/.test(octet) || Number(octet) > 255))
    return null
  return octets.reduce((value, octet) => (value << 8n) + BigInt(octet), 0n)
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 0xffn).toString()).join('.')
}

/** The URL parser knows every way to write an IPv6 address, and writes the canonical one. */
function canonicalIpv6(text: string): string | null {
  const url = URL.parse(`http://[${text}]/`)
  return url === null || !/^[\da-f:.]+$/i.test(text) ? null : url.hostname.slice(1, -1)
}

function parseIpv6(text: string): bigint | null {
  const canonical = canonicalIpv6(text)
  if (canonical === null) return null
  const [head = '', tail] = canonical.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) + BigInt(`0x${group}`), 0n)
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(16 * (7 - index))) & 0xffffn).toString(16))
  const text = groups.join(':')
  return canonicalIpv6(text) ?? text
}
