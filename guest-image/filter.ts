/** Programs that decompress what they read. */
import { spawn } from 'node:child_process'
import { buffer } from 'node:stream/consumers'

/** What the program writes when it reads `input`. @throws Error when it fails or is not installed */
export async function filter([program = '', ...options]: string[], input: Buffer): Promise<Buffer> {
  const child = spawn(program, options, { stdio: ['pipe', 'pipe', 'pipe'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new Error(
          `cannot run ${program}, which unpacks Debian packages: install it, e.g. apt-get install ${program}-utils`,
          { cause: error },
        ),
      ),
    )
    child.once('close', resolve)
  })
  // A decompressor that gives up early closes its input; its exit code and standard error tell why.
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(input)
  const [code, output, errors] = await Promise.all([exit, buffer(child.stdout), buffer(child.stderr)])
  if (code !== 0) throw new Error(`${program} failed with exit code ${code}: ${errors.toString().trim()}`)
  return output
}
