import { profileJsonSchema } from '../helpers/profile/profile-json-schema.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'

export const schema = defineCommand({
  name: 'schema',
  synopsis: '[--json]',
  description: [
    'Prints the JSON schema of cluster profiles, made from the code. Editors find the packaged one through the first line of a profile, which "init" writes.',
  ],
  options: {},
  exitCodes: { 0: 'always' },
  examples: ['npx kubevirt-acceptance schema > profile.schema.json'],
  run({ output }) {
    const document = profileJsonSchema(checkups)
    output.print(JSON.stringify(document, null, 2))
    output.document(document)
    return Promise.resolve(exitCodes.ok)
  },
})
