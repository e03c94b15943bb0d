// The oblivious rule: rounds depend on the shape alone. Algorithms therefore can be recorded, and import nothing that
// could tell them more.
import t from 'tap'
import { readdirSync, readFileSync } from 'node:fs'
import { record } from '../../lib/coll/record.js'
import { ENTRIES } from '../../lib/coll/registry.js'

const folder = new URL('../../lib/coll/', import.meta.url)

void t.test('a recorded schedule is the schedule', async (t) => {
  for (const { collective, name, run, cut } of ENTRIES) {
    const shape = { rank: 1, size: 4, root: 0, blocks: cut === 'whole' ? 1 : 4 }
    const recorded = record(run, shape)
    const seen: unknown[] = []
    // A driver resumes a schedule with nothing; whatever it resumed with would make no difference.
    const schedule = run(shape) as Generator<{ steps: object[]; length: number }, void, unknown>
    for (let next = schedule.next(); next.done !== true; next = schedule.next({ surprise: 42 })) {
      seen.push(structuredClone(next.value.steps.slice(0, next.value.length)))
    }
    t.same(recorded, seen, `${collective} ${name}`)
    t.ok(recorded.length > 0)
    t.ok(recorded.every((round) => round.length > 0), 'no empty rounds')
  }
})

void t.test('algorithms import the contract, rank arithmetic and each other only', async (t) => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  t.ok(files.length > 25)
  // Drivers run schedules, and what runs on a board is none.
  for (const file of files.filter((each) => !each.startsWith('drive') && !each.endsWith('/shm.ts'))) {
    const source = readFileSync(new URL(file, folder), 'utf8')
    t.notMatch(source, /async function|await /, `${file} is plain`)
    for (const [, target] of source.matchAll(/ from '([^']+)'/g)) {
      const resolved = new URL(target, new URL(file, folder)).href
      const inside = resolved.startsWith(folder.href)
      t.ok(inside || (['registry.ts', 'select.ts', 'table.ts'].includes(file) && /lib\/(env|errors)\.js$/.test(resolved)), `${file} imports ${target}`)
    }
  }
})

void t.test('a schedule of a schedule is at most two deep on each level, and rounds are reused', async (t) => {
  for (const { collective, name, run, cut, twoLevel } of ENTRIES) {
    const rounds = new Set<unknown>()
    for (const round of run({ rank: 0, size: 16, root: 0, blocks: cut === 'whole' ? 1 : 16 })) rounds.add(round)
    t.ok(rounds.size <= (twoLevel === true ? 4 : 2), `${collective} ${name} fills ${rounds.size} rounds`)
  }
})
