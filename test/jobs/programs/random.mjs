// Random programs, one after the other, each checked against the model.
//
//   tsmpirun -n 6 test/jobs/programs/random.mjs FIRST_SEED PROGRAMS EAGER_LIMIT
//
// A program that fails is named by its seed; `random.mjs SEED 1 EAGER_LIMIT` with the same options runs it alone.
import { COMM_WORLD as world, abort } from 'tsmpi'
import { checkReceived } from './random/check.mjs'
import { Executor } from './random/execute.mjs'
import { plan } from './random/plan.mjs'

/** Seconds that one program may take. */
const PATIENCE = 20

const [first, programs, eagerLimit] = process.argv.slice(2).map(Number)
const counts = {}
const began = performance.now()

function fail(seed, executor, error) {
  const { place, ...step } = executor.at ?? {}
  const forced = process.env.TSMPI_ALGORITHM
  const algorithms = forced === undefined ? '' : `TSMPI_ALGORITHM=${forced} `
  process.stderr.write(
    `random program failed: seed ${seed}, rank ${world.rank}, at time ${place?.time}: ${error.stack}\n` +
      `${error.cause === undefined ? '' : `cause: ${error.cause.stack}\n`}step: ${JSON.stringify(step)}\n` +
      `run it alone: ${algorithms}npx tsmpirun -n ${world.size} --transport ${process.env.TSMPI_TRANSPORT} --eager-limit ${eagerLimit} ` +
      `test/jobs/programs/random.mjs ${seed} 1 ${eagerLimit}\n`,
  )
  abort(3)
}

async function runOne(seed) {
  const program = plan(seed, world.size, eagerLimit)
  for (const [key, count] of Object.entries(program.counts)) counts[key] = (counts[key] ?? 0) + count
  const executor = new Executor(program)
  const check = (complete) => checkReceived(program, world.rank, executor.received, complete)
  const late = setTimeout(() => {
    try {
      check(false)
      fail(seed, executor, new Error(`not done within ${PATIENCE} s`))
    } catch (error) {
      fail(seed, executor, error)
    }
  }, PATIENCE * 1000)
  try {
    await executor.run(program.steps[world.rank])
    check(true)
    // Messages that nobody sent would disturb the next program.
    await world.barrier()
    const left = await world.iprobe()
    if (left !== undefined) throw new Error(`a message is left: ${JSON.stringify(left)}`)
    await world.barrier()
  } catch (error) {
    fail(seed, executor, error)
  }
  clearTimeout(late)
}

for (let seed = first; seed < first + programs; seed++) await runOne(seed)
if (world.rank === 0) console.log(JSON.stringify({ programs, seconds: (performance.now() - began) / 1000, counts }))
