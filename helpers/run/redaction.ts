/**
 * Takes secrets out of everything that is written. Two nets: secrets that the run knows (registered by whoever made or
 * read them, in any encoding they commonly travel in), and shapes that are secret whoever made them.
 */
export const redactedText = '[redacted]'

/** Keys whose value is a secret wherever they stand: kubeconfig users, cloud-init users, HTTP parameters. */
const sensitiveKeys = [
  'client-key-data',
  'token',
  'id-token',
  'refresh-token',
  'access_token',
  'accessToken',
  'refresh_token',
  'id_token',
  'client-secret',
  'client_secret',
  'password',
  'passwd',
  'plain_text_passwd',
  'hashed_passwd',
  'hashed_password',
  'userPassword',
  'bearerToken',
  'privateKey',
  'private_key',
]
const sensitiveKey = new RegExp(`^(?:${sensitiveKeys.join('|')})$`, 'i')

/** `key: value`, `key=value` and `"key": "value"`, the value ending with its line; an escaped newline ends it as well. */
const keyAndValue = new RegExp(
  String.raw`((?<![\w-])(?:${sensitiveKeys.join('|')})\\?["']?[ \t]*[:=][ \t]*)(?:(\\?")(?:(?!\\?")[^\n])*\\?"|(')[^'\n]*'|(?!\[redacted\])[^\s"'\\,;&}{]+)`,
  'gi',
)

const shapes: { pattern: RegExp; replacement: string }[] = [
  {
    pattern: /(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----)[\s\S]*?(?:(-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----)|$)/g,
    replacement: `$1${redactedText}$2`,
  },
  { pattern: /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, replacement: redactedText },
  { pattern: /\b(bearer[ \t]+)[\w.~+/=-]{16,}/gi, replacement: `$1${redactedText}` },
  {
    pattern: /\b(authorization\\?["']?[ \t]*[:=][ \t]*\\?["']?\w+[ \t]+)[\w.~+/=-]+/gi,
    replacement: `$1${redactedText}`,
  },
  { pattern: /(base64url\.bearer\.authorization\.k8s\.io\.)[\w-]+/g, replacement: `$1${redactedText}` },
  // The quotes stay, so that JSON remains JSON.
  { pattern: keyAndValue, replacement: `$1$2$3${redactedText}$2$3` },
  // echo 'root:secret' | chpasswd
  {
    pattern: /((?<![\w.-])[\w.-]{1,64}:)[^\s'"|\\]{1,256}(['"]?[ \t]{0,8}\|[ \t]{0,8}(?:sudo[ \t]{1,8})?chpasswd\b)/g,
    replacement: `$1${redactedText}$2`,
  },
]

const secretKind = /["']?\bkind["']?[ \t]*:[ \t]*["']?Secret["']?[ \t]*(?:$|[,\r\n}])/m

/** `text` without the given secrets (in plain, base64, URL, JSON, XML and shell-quoted form) and without anything of a secret shape. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let result = withoutKnownSecrets(text, secrets)
  if (secretKind.test(result)) result = withoutSecretManifests(result)
  if (/\bchpasswd\b/.test(result)) result = withoutPasswordLists(result)
  for (const { pattern, replacement } of shapes) result = result.replace(pattern, replacement)
  return result
}

/** The same for JSON-like data: strings, values under secret keys, data of Secrets, and cloud-init in base64. */
export function redactObject<T>(value: T, secrets: readonly string[] = []): T {
  return redactValue(value, secrets) as T
}

function redactValue(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return redact(value, secrets)
  if (Array.isArray(value)) return value.map((item) => redactValue(item, secrets))
  if (typeof value !== 'object' || value === null) return value
  const isSecret = 'kind' in value && value.kind === 'Secret'
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const name = withoutKnownSecrets(key, secrets)
    if (isSecret && (key === 'data' || key === 'stringData')) return [name, redactAll(item)]
    if (sensitiveKey.test(key) && (typeof item === 'string' || typeof item === 'number')) return [name, redactedText]
    if (/^(?:userData|networkData)Base64$/.test(key) && typeof item === 'string')
      return [name, redactBase64(item, secrets)]
    return [name, redactValue(item, secrets)]
  })
  return Object.fromEntries(entries)
}

function redactAll(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data === undefined || data === null ? data : redactedText
  return Object.fromEntries(Object.keys(data).map((key) => [key, redactedText]))
}

function redactBase64(encoded: string, secrets: readonly string[]): string {
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const cleaned = redact(decoded, secrets)
  return cleaned === decoded ? redact(encoded, secrets) : Buffer.from(cleaned, 'utf8').toString('base64')
}

function withoutKnownSecrets(text: string, secrets: readonly string[]): string {
  const forms = new Set(secrets.flatMap(formsOf))
  // Longest first, so that a secret which contains another one leaves no rest.
  const ordered = [...forms].toSorted((a, b) => b.length - a.length)
  let result = text
  for (const form of ordered) result = result.split(form).join(redactedText)
  return result
}

/** How a secret appears once it was put into JSON, a URL, XML, a shell command or base64, alone or amid other text. */
function formsOf(secret: string): string[] {
  if (secret === '') return []
  const json = JSON.stringify(secret).slice(1, -1)
  const bytes = Buffer.from(secret, 'utf8')
  const forms = [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', String.raw`\/`),
    urlEncoded(secret),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    secret.replaceAll("'", String.raw`'\''`),
    bytes.toString('base64'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]
  // Within a longer base64 text the secret starts at any of three alignments; what depends on its neighbours is left out.
  for (const skipped of [0, 1, 2]) {
    const whole = bytes.subarray(skipped, bytes.length - ((bytes.length - skipped) % 3))
    if (whole.length >= 6) forms.push(whole.toString('base64'), whole.toString('base64url'))
  }
  return forms.filter((form) => form !== '')
}

function urlEncoded(secret: string): string {
  // A lone surrogate cannot be encoded; it cannot stand in a URL either.
  return secret.isWellFormed() ? encodeURIComponent(secret) : secret
}

/** Values under `data` and `stringData` of Secrets in YAML or JSON text. */
function withoutSecretManifests(text: string): string {
  if (/^\s*[{[]/.test(text)) {
    const parsed = parsedJson(text)
    if (parsed !== undefined) return JSON.stringify(redactValue(parsed, []), null, 2)
    return text.replace(/("(?:data|stringData)"\s*:\s*)\{[^}]*(?:\}|$)/g, `$1{"${redactedText}":"${redactedText}"}`)
  }
  return text
    .split(/^(?=---)/m)
    .map((document) => (secretKind.test(document) ? withoutSecretData(document) : document))
    .join('')
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Cut off or not JSON at all: the caller falls back to patterns.
    return undefined
  }
}

const indentOf = (line: string) => line.length - line.trimStart().length

function withoutSecretData(document: string): string {
  let blockIndent = -1
  let keyIndent = -1
  const lines = document.split('\n').flatMap((line) => {
    const indent = indentOf(line)
    if (blockIndent >= 0 && line.trim() !== '' && indent > blockIndent) {
      if (keyIndent < 0) keyIndent = indent
      // Deeper lines continue a block scalar whose first line was replaced already.
      if (indent > keyIndent) return []
      return [line.replace(/^(\s*[^:]+:).*$/, `$1 ${redactedText}`)]
    }
    if (line.trim() !== '') {
      const start = /^(\s*(?:- )?)(?:data|stringData):(.*)$/.exec(line)
      blockIndent = start === null ? -1 : (start[1] ?? '').length
      keyIndent = -1
      if (start !== null && (start[2] ?? '').trim() !== '') return [line.replace(/:.*$/, `: ${redactedText}`)]
    }
    return [line]
  })
  return lines.join('\n')
}

/** Lines `user:password` and `- user:password` below cloud-init's `chpasswd:` or in a here-document fed to chpasswd. */
function withoutPasswordLists(text: string): string {
  let blockIndent = -1
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*chpasswd:/.test(line)) {
        blockIndent = indentOf(line)
        return line.replace(/((?<![\w.-])[\w.-]{1,64}:)(?!\s|\/\/)[^\s'",\]\\]+/g, `$1${redactedText}`)
      }
      if (blockIndent >= 0 && line.trim() !== '' && indentOf(line) <= blockIndent) blockIndent = -1
      if (blockIndent < 0) return line
      return line.replace(/^(\s*(?:- )?["']?[\w.-]+:)(?!\s)[^"'\r]+/, `$1${redactedText}`)
    })
    .join('\n')
}
