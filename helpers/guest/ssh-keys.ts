import { createHash } from 'node:crypto'
import ssh2 from 'ssh2'

export interface KeyPair {
  /** OpenSSH format. */
  privateKey: string
  /** One line as in authorized_keys: `ssh-ed25519 AAAA... comment`. */
  publicKey: string
}

/** A fresh ed25519 key pair; one for each run and use, never written down. */
export function createKeyPair(comment = ''): KeyPair {
  // ssh2 drops leading zero bytes of the public key (https://github.com/mscdex/ssh2/issues/1390 and 1513), so that about 1
  // pair of 256 is malformed in both halves. Its parser insists on the 32 bytes of RFC 8709; what it refuses is thrown away.
  for (;;) {
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519', { comment })
    if (![privateKey, publicKey].some((key) => ssh2.utils.parseKey(key) instanceof Error))
      return { privateKey, publicKey }
  }
}

/** The wire form of a public key, for comparisons. @throws TypeError when `publicKey` is none. */
export function publicKeyBytes(publicKey: string): Buffer {
  const parsed = ssh2.utils.parseKey(publicKey)
  if (parsed instanceof Error)
    throw new TypeError(
      `Not a public key in OpenSSH format: ${JSON.stringify(publicKey.slice(0, 40))} (${parsed.message})`,
    )
  return parsed.getPublicSSH()
}

/** `SHA256:...`, as ssh-keygen -l prints it. */
export function fingerprint(publicKey: Buffer): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`
}

/**
 * The part of a cloud-config that lets us in over SSH and nobody else by password: `userKey` may log in as `user`, and the
 * guest proves with `hostKey` that it is the one that we made.
 */
export function sshCloudConfig(options: { user: string; userKey: string; hostKey: KeyPair }): Record<string, unknown> {
  const { hostKey, user, userKey } = options
  const isRoot = user === 'root'
  return {
    disable_root: !isRoot,
    users: [
      {
        name: user,
        ...(isRoot ? {} : { shell: '/bin/sh' }),
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        // Locking is the default even for users that are there already; it would close the console for root.
        lock_passwd: !isRoot,
        ssh_authorized_keys: [userKey.trim()],
      },
    ],
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey.trim() },
    // Upstream's images come with sshd turned off: systemd in the first, OpenRC in the second.
    runcmd: [
      ['sh', '-c', 'systemctl enable --now sshd || systemctl enable --now ssh || rc-service sshd start || true'],
    ],
  }
}
