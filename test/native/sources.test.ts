// CMakeLists.txt and binding.gyp build the same addon: same sources, and all there are.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The addon's sources that a build file names, without its comments. */
function sourcesIn(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^\s*#.*$/gm, '')
  return [...new Set(text.match(/native\/\w+\.cc/g))].sort()
}

await t.test('both build files list every source of native/', async (t) => {
  const present = readdirSync(join(root, 'native')).filter((name) => name.endsWith('.cc'))
  const expected = present.map((name) => `native/${name}`).sort()
  t.ok(expected.includes('native/addon.cc'))
  t.same(sourcesIn('CMakeLists.txt'), expected)
  t.same(sourcesIn('binding.gyp'), expected)
})

await t.test('both define the same macros', async (t) => {
  const macros = (file: string) =>
    [...new Set(readFileSync(join(root, file), 'utf8').match(/\b(NAPI_\w+(=\d+)?|NODE_ADDON_API_\w+)/g))].sort()
  t.same(macros('CMakeLists.txt'), macros('binding.gyp'))
})
