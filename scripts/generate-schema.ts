/** Writes cluster-profiles/profile.schema.json from the code: `node scripts/generate-schema.ts && npx oxfmt cluster-profiles`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { profileJsonSchema } from '../helpers/profile/profile-json-schema.ts'
import { checkups } from '../suites/index.ts'

const file = fileURLToPath(new URL('../cluster-profiles/profile.schema.json', import.meta.url))
writeFileSync(file, `${JSON.stringify(profileJsonSchema(checkups), null, 2)}\n`)
console.log(`wrote ${file}`)
