// Slurm's node lists: expanded, compressed, and there and back.
import t from 'tap'
import { compressNodeList, expandNodeList, expandTasks } from '../../../launcher/hosts/nodelist.js'

const expanded: [list: string, names: string][] = [
  ['a', 'a'],
  ['a,b', 'a b'],
  ['n[1-3]', 'n1 n2 n3'],
  ['n[01-10]', 'n01 n02 n03 n04 n05 n06 n07 n08 n09 n10'],
  ['n[098-102]', 'n098 n099 n100 n101 n102'],
  ['n[8-11]', 'n8 n9 n10 n11'],
  ['n[1,3,5-6]', 'n1 n3 n5 n6'],
  ['n[1-2]-ib', 'n1-ib n2-ib'],
  ['rack[1-2]n[0-3]-ib', 'rack1n0-ib rack1n1-ib rack1n2-ib rack1n3-ib rack2n0-ib rack2n1-ib rack2n2-ib rack2n3-ib'],
  ['rack[1-2]n[0-1]-ib,login,n[7]', 'rack1n0-ib rack1n1-ib rack2n0-ib rack2n1-ib login n7'],
  ['[1-2]n', '1n 2n'],
  ['a,a', 'a a'],
  ['n[3-3]', 'n3'],
  ['a--b', 'a--b'],
]
void t.test('expanded', async (t) => {
  for (const [list, names] of expanded) t.same(expandNodeList(list), names.split(' '), list)
})

const refused: [list: string, message: RegExp][] = [
  ['n[2-1]', /^node list 'n\[2-1\]', character 3: 2 is more than 1$/],
  ['n[1-2', /character 2: an opening bracket without a closing one/],
  ['n1-2]', /character 5: a closing bracket without/],
  ['n[1[2]]', /character 4: a bracket inside a bracket/],
  ['n[1--3]', /character 3: '1--3' is neither N nor N-M/],
  ['n[1-2-3]', /'1-2-3' is neither/],
  ['n[-3]', /'-3' is neither/],
  ['n[a-c]', /'a-c' is neither/],
  ['n[]', /'' is neither/],
  ['n[1,]', /character 5: '' is neither/],
  ['m,n[1, 2]', /character 7: ' 2' is neither/],
  ['', /character 1: a name is missing/],
  ['a,', /character 3: a name is missing/],
  ['n[1-65537]', /more than 65536 names/],
  ['n[1-300]m[1-300]', /more than 65536 names/],
  ['n[1-40000],m[1-40000]', /character 12: more than 65536 names/],
  ['n[1-9999999999999999]', /too many digits/],
]
void t.test('refused', async (t) => {
  for (const [list, message] of refused) t.throws(() => expandNodeList(list), { code: 'TSMPI_LAUNCH', message }, list)
})

const compressed: [names: string, list: string][] = [
  ['n1 n2 n3', 'n[1-3]'],
  ['n01 n02 n10', 'n[01-02,10]'],
  ['n9 n10', 'n[9-10]'],
  ['n09 n10', 'n[09-10]'],
  ['n099 n100', 'n[099-100]'],
  ['n1-ib n2-ib x', 'n[1-2]-ib,x'],
  ['a1b1 a2b1', 'a[1-2]b1'],
  ['a1b1 a2b2', 'a1b1,a2b2'],
  ['login', 'login'],
  ['n1 n1', 'n1,n1'],
  ['n3 n2', 'n[3,2]'],
  ['', ''],
]
void t.test('compressed', async (t) => {
  for (const [names, list] of compressed) t.equal(compressNodeList(names.split(' ').filter(Boolean)), list, names)
})

/** Numbers from 0 to below `n`, the same in each run (Mulberry32). */
function generator(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * n)
  }
}

/** Names as clusters have them: runs, gaps, several numbers, leading zeros, strays, duplicates. */
function someNames(random: (n: number) => number): string[] {
  const names: string[] = []
  const pad = (number: number): string => String(number).padStart(random(5), '0')
  while (names.length === 0 || random(6) > 0) {
    const [before, after] = [['n', 'rack1-n', 'x0', '', 'a.b'][random(5)], ['', '-ib', '.x1.org', '0', 'n01'][random(5)]]
    const width = random(4)
    const step = [1, 1, 1, 0, 2, -1][random(6)]
    let number = random(120)
    for (let left = random(12); left >= 0; left--, number = Math.max(0, number + step)) {
      names.push(`${before}${random(10) === 0 ? pad(number) : String(number).padStart(width, '0')}${after}`)
    }
    if (random(3) === 0) names.push('login')
  }
  return names
}

void t.test('there and back', async (t) => {
  for (let seed = 0; seed < 3000; seed++) {
    const names = someNames(generator(seed))
    const list = compressNodeList(names)
    if (JSON.stringify(expandNodeList(list)) === JSON.stringify(names)) continue
    t.same(expandNodeList(list), names, `seed ${seed}: ${list}`)
    return
  }
  t.pass('3000 lists of random names')
})

/** A list as Slurm may write one: items with up to three brackets, each of runs and single numbers. */
function someList(random: (n: number) => number): string {
  const number = (width: number): string => String(random(30)).padStart(width, '0')
  const range = (): string => {
    const low = number(random(4))
    return random(2) === 0 ? low : `${low}-${String(Number(low) + random(4)).padStart(low.length, '0')}`
  }
  const bracket = (): string => `[${Array.from({ length: 1 + random(3) }, range).join(',')}]`
  const word = (): string => ['n', 'rack', '-ib', '.x1', '0', ''][random(6)]
  const item = (): string => `a${word()}${Array.from({ length: random(4) }, () => bracket() + word()).join('')}`
  return Array.from({ length: 1 + random(3) }, item).join(',')
}

void t.test('lists of several brackets, expanded, compressed and expanded again', async (t) => {
  for (let seed = 0; seed < 2000; seed++) {
    const list = someList(generator(seed))
    const names = expandNodeList(list)
    if (JSON.stringify(expandNodeList(compressNodeList(names))) === JSON.stringify(names)) continue
    t.same(expandNodeList(compressNodeList(names)), names, `seed ${seed}: ${list}`)
    return
  }
  t.pass('2000 random lists')
})

void t.test('SLURM_TASKS_PER_NODE', async (t) => {
  t.same(expandTasks('2(x3),1', 4), [2, 2, 2, 1])
  t.same(expandTasks('2(x3),1', 2), [2, 2], 'it may describe more nodes')
  t.same(expandTasks('16', 1), [16])
  t.same(expandTasks('1(x999999999)', 3), [1, 1, 1])
  t.throws(() => expandTasks('2(x3)', 4), { message: 'SLURM_TASKS_PER_NODE=2(x3): describes 3 nodes of 4' })
  for (const wrong of ['', 'x', '2(3)', '2(x)', '-1', '2,,1']) {
    t.throws(() => expandTasks(wrong, 3), { message: /is neither N nor N\(xM\)/ }, wrong)
  }
})
