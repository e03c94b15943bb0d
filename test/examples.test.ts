// Every example under the real tsmpirun: what it prints must be right, and not depend on the number of ranks.
import t from 'tap'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, inflateSync } from 'node:zlib'
import { runJob } from './launcher/run.js'

const RANKS = [1, 3, 4]
const root = fileURLToPath(new URL('..', import.meta.url))

/** Standard output of an example that must end well. */
async function output(ranks: number, example: string, ...args: string[]): Promise<string> {
  const words = ['-n', `${ranks}`, `examples/${example}`, ...args]
  const { code, stdout, stderr } = await runJob(words, { timeout: 240_000 })
  if (code !== 0 || stderr !== '') throw new Error(`tsmpirun ${words.join(' ')} gave ${code}\n${stdout}\n${stderr}`)
  return stdout
}

/** Width, height and palette indices of a PNG as heat2d writes it. */
function decode(png: Buffer): { width: number; height: number; pixels: Buffer } {
  if (png.toString('latin1', 1, 4) !== 'PNG') throw new Error('no PNG')
  const chunks = new Map<string, Buffer>()
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    const body = png.subarray(at + 4, at + 8 + length)
    if (crc32(body) !== png.readUInt32BE(at + 8 + length)) throw new Error('checksum of a chunk')
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4))
    at += 12 + length
  }
  if ([...chunks.keys()].join() !== 'IHDR,PLTE,IDAT,IEND') throw new Error(`chunks ${[...chunks.keys()].join()}`)
  const header = chunks.get('IHDR')!
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const lines = inflateSync(chunks.get('IDAT')!)
  if (lines.length !== height * (width + 1)) throw new Error(`${lines.length} bytes of pixels`)
  const rows = Array.from({ length: height }, (_, y) => lines.subarray(y * (width + 1) + 1, (y + 1) * (width + 1)))
  return { width, height, pixels: Buffer.concat(rows) }
}

let piHits: unknown

for (const ranks of RANKS) {
  void t.test(`hello, ${ranks} ranks`, async (t) => {
    const lines = (await output(ranks, 'hello.ts')).trimEnd().split('\n')
    t.equal(lines.length, ranks)
    lines.forEach((line, rank) => t.match(line, `Hello from rank ${rank} of ${ranks}, process `))
  })

  void t.test(`ring, ${ranks} ranks`, async (t) => {
    const sum = (200 * ranks * (ranks - 1)) / 2
    t.match(await output(ranks, 'ring.ts', '--rounds', '200'), `sum ${sum} after 200 rounds of ${ranks} ranks, `)
  })

  void t.test(`heat2d, ${ranks} ranks`, async (t) => {
    const file = join(t.testdir(), 'heat.png')
    const printed = await output(ranks, 'heat2d.ts', '--size', '50', '--steps', '600', '--out', file)
    const [reference, referencePixels] = sequentialHeat(50, 600)
    t.same(printed.trimEnd().split('\n'), reference)
    const { width, height, pixels } = decode(readFileSync(file))
    t.same([width, height], [50, 50])
    t.ok(pixels.equals(referencePixels), 'the picture')
  })

  void t.test(`split, ${ranks} ranks`, async (t) => {
    const grid = ranks === 4 ? '2 x 2' : `1 x ${ranks}`
    const printed = await output(ranks, 'split.ts', '--size', '101')
    t.match(printed, `a grid of ${grid} ranks, a matrix of 101 x 101`)
    t.match(printed, '; 0 of 101 entries are wrong')
  })

  void t.test(`wordcount, ${ranks} ranks`, async (t) => {
    const file = join(t.testdir({ 'text.txt': 'ä b\n'.repeat(500) + 'long'.repeat(3000) + ' b\tä ö' }), 'text.txt')
    const expected = ['1004 words, 4 of them different', '501 b', '501 ä', '1 longlong', '1 ö']
    const lines = (await output(ranks, 'wordcount.ts', file)).trimEnd().split('\n')
    const printed = lines.map((line) => line.trim().replace(/ +/, ' '))
    t.equal(printed.length, expected.length)
    expected.forEach((start, i) => t.ok(printed[i]?.startsWith(start), `${printed[i]?.slice(0, 40)}: ${start}`))
    t.equal(await output(ranks, 'wordcount.ts', 'LICENSE'), sequentialCount('LICENSE'))
  })

  void t.test(`ep, ${ranks} ranks`, async (t) => {
    t.match(await output(ranks, 'ep.ts', '--class', 'S'), 'VERIFICATION SUCCESSFUL')
  })

  void t.test(`pi, ${ranks} ranks`, async (t) => {
    const printed = await output(ranks, 'pi.js', '--samples', '1e7', '--seed', '7', '--json')
    const result = JSON.parse(printed) as Record<string, unknown>
    t.same(Object.keys(result), ['samples', 'hits', 'pi', 'seconds', 'ranks', 'kernel'])
    t.same([result['samples'], result['ranks']], [1e7, ranks])
    piHits ??= result['hits']
    t.equal(result['hits'], piHits, 'the same hits for any number of ranks')
    t.ok(Math.abs((result['pi'] as number) - Math.PI) < 2e-3)
  })
}
void t.test('pi --table', async (t) => {
  const lines = (await output(2, 'pi.js', '--table')).trimEnd().split('\n')
  const [header, ...rows] = lines.map((line) => line.split('|').map((cell) => cell.trim()))
  t.same(header, ['Method', 'Workers', 'Time (ms)', 'Throughput (M/s)', 'Speedup', 'Pi estimate'])
  t.equal(rows.length, 4 * 3)
  for (const samples of ['10^6', '10^7', '10^8', '10^9']) {
    const estimates = rows.filter(([method]) => method?.endsWith(samples)).map((row) => row[5])
    t.equal(new Set(estimates).size, 1, `${samples}: one estimate`)
  }
})

void t.test('each example is short, and imports nothing of tsmpi but its public names', async (t) => {
  for (const name of readdirSync(join(root, 'examples'))) {
    const text = readFileSync(join(root, 'examples', name), 'utf8')
    t.ok(text.split('\n').length <= 80, `${name}: lines`)
    for (const [, from] of text.matchAll(/ from '(.*)'/g)) {
      t.match(from, /^(node:.*|tsmpi(\/montecarlo)?)$/, `${name}: ${from}`)
    }
  }
})

/** What wordcount prints, counted in one go. */
function sequentialCount(file: string): string {
  const counts = new Map<string, number>()
  const words = readFileSync(join(root, file), 'utf8').toLowerCase().match(/\p{Letter}+/gu) ?? []
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 10)
  return [`${words.length} words, ${counts.size} of them different, in ${file}`]
    .concat(sorted.map(([word, n]) => `${String(n).padStart(8)}  ${word}`), '').join('\n')
}

/** The lines and the picture of heat2d, computed on one whole grid. */
function sequentialHeat(size: number, steps: number): [string[], Buffer] {
  let heat = new Float64Array(size * size)
  const lines: string[] = []
  for (let step = 1; step <= steps; step++) {
    let change = 0
    const after = heat.map((old, at) => {
      const [x, y] = [at % size, Math.floor(at / size)]
      const rim = Math.min(x, y) === 0 || Math.max(x, y) === size - 1
      const hot = (x - 0.35 * size) ** 2 + (y - 0.4 * size) ** 2 < (0.12 * size) ** 2
      const around = rim ? 4 * old : heat[at - size] + heat[at + size] + heat[at - 1] + heat[at + 1]
      const value = hot ? 1 : old + 0.2 * (around - 4 * old)
      change = Math.max(change, Math.abs(value - old))
      return value
    })
    heat = after
    if (step % 500 === 0 || step === steps) lines.push(`step ${step}: largest change ${change.toExponential(3)}`)
  }
  return [lines, Buffer.from(heat.map((value) => Math.floor(255 * value)))]
}
