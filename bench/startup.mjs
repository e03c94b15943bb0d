// Start-up: how long jobs of a number of ranks take from the command to its end, with one barrier in between.
//   node bench/startup.mjs 8 [options of tsmpirun]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const [ranks = '8', ...options] = process.argv.slice(2)
const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const RUNS = 5

/** Seconds of a command. */
function time(...args) {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`)
  return (performance.now() - start) / 1000
}

function report(what, ...args) {
  const seconds = Array.from({ length: RUNS }, () => time(...args)).sort((a, b) => a - b)
  const [best, median] = [seconds[0], seconds[Math.floor(RUNS / 2)]].map((value) => value.toFixed(3))
  console.log(`${what}: best ${best} s, median ${median} s of ${RUNS} runs`)
}

report('node -e 0', '-e', '0')
report(`${ranks} ranks, one barrier`, file('../dist/launcher/main.js'), '-n', ranks, ...options, file('barrier.mjs'))
