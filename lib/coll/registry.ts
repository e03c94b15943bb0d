// Every algorithm: its name, function, restrictions, and what it costs. A test holds the costs to the schedules.
import { ArgumentError } from '../errors.js'
import { allgatherBruck } from './allgather/bruck.js'
import { allgatherRecursiveDoubling } from './allgather/recursive-doubling.js'
import { allgatherRing } from './allgather/ring.js'
import { allgatherTwoLevel } from './allgather/two-level.js'
import { allreduceRabenseifner } from './allreduce/rabenseifner.js'
import { allreduceRecursiveDoubling } from './allreduce/recursive-doubling.js'
import { allreduceRing } from './allreduce/ring.js'
import { allreduceTwoLevelRabenseifner } from './allreduce/two-level-rabenseifner.js'
import { allreduceTwoLevel } from './allreduce/two-level.js'
import { alltoallBruck } from './alltoall/bruck.js'
import { alltoallLinear } from './alltoall/linear.js'
import { alltoallPairwise } from './alltoall/pairwise.js'
import { barrierDissemination } from './barrier/dissemination.js'
import { barrierTree } from './barrier/tree.js'
import { barrierTwoLevel } from './barrier/two-level.js'
import { bcastBinomial } from './bcast/binomial.js'
import { bcastChain } from './bcast/chain.js'
import { bcastScatterAllgather } from './bcast/scatter-allgather.js'
import { bcastTwoLevel } from './bcast/two-level.js'
import { segmentBytes, segmentCount } from './cut.js'
import { gatherBinomial } from './gather/binomial.js'
import { gatherLinear } from './gather/linear.js'
import { floorPowerOfTwo } from './patterns/hypercube.js'
import { reduceBinomial } from './reduce/binomial.js'
import { reduceLinear } from './reduce/linear.js'
import { reduceRabenseifner } from './reduce/rabenseifner.js'
import { reduceTwoLevel } from './reduce/two-level.js'
import { scatterBinomial } from './scatter/binomial.js'
import { scatterLinear } from './scatter/linear.js'
import type { Algorithm, BoardEntry, CollectiveName, CostModel, Cut, Entry, Formula } from './schedule.js'

interface Traits {
  readonly cut: Cut
  readonly powerOfTwo?: boolean
  readonly commutative?: boolean
  readonly typedOnly?: boolean
  readonly twoLevel?: boolean
  readonly scratch?: boolean
  readonly steps: Formula
  readonly volume: Formula
  readonly work?: Formula
}

/** Steps, volume and work for the hosts or for the ranks of one, as many on each: of the messages of one level. */
type LevelFormula = (parties: number, blocks: number) => number
interface LevelTraits {
  readonly steps: LevelFormula
  readonly volume: LevelFormula
  readonly work?: LevelFormula
}

/** An algorithm on two levels: what goes between hosts comes first. */
function twoLevel(
  collective: CollectiveName, name: string, run: Algorithm,
  traits: Omit<Traits, 'steps' | 'volume' | 'work' | 'twoLevel'>, between: LevelTraits, inside: LevelTraits,
): Entry {
  const ofHosts = (formula: LevelFormula): Formula => (_, blocks, hosts = 1) => formula(hosts, blocks)
  const ofRanks = (formula: LevelFormula): Formula => (size, blocks, hosts = 1) => formula(size / hosts, blocks)
  const level = ({ steps, volume, work = none }: LevelTraits, of: (formula: LevelFormula) => Formula) =>
    ({ steps: of(steps), volume: of(volume), work: of(work) })
  const within = level(inside, ofRanks)
  const flat = entry(collective, name, run, { ...traits, ...level(between, ofHosts), twoLevel: true })
  const cost: Entry['cost'] = (size, bytes, model, hosts = 1, { alpha, beta, gamma } = model) => {
    const blocks = blockCount(traits.cut, size, bytes)
    const { steps, volume, work } = within
    return flat.cost(size, bytes, model, hosts) +
      steps(size, blocks, hosts) * alpha + bytes * (volume(size, blocks, hosts) * beta + work(size, blocks, hosts) * gamma)
  }
  return { ...flat, inside: within, cost }
}

function entry(collective: CollectiveName, name: string, run: Algorithm, traits: Traits): Entry {
  const { steps, volume, work = none, scratch = false } = traits
  const cost = (size: number, bytes: number, { alpha, beta, gamma }: CostModel, hosts = 1): number => {
    const blocks = blockCount(traits.cut, size, bytes)
    return steps(size, blocks, hosts) * alpha + bytes * (volume(size, blocks, hosts) * beta + work(size, blocks, hosts) * gamma)
  }
  return { ...traits, collective, name, run, scratch, work, cost }
}

/** Blocks that a vector of `bytes` is cut into; for cut 'ranks' also the blocks of gather-like collectives. */
export function blockCount(cut: Cut, size: number, bytes: number): number {
  if (cut === 'whole') return 1
  return cut === 'ranks' ? size : segmentCount(bytes, segmentBytes(size, bytes))
}

const none: Formula = () => 0
/** ⌈log2 size⌉ */
const log: Formula = (size) => Math.ceil(Math.log2(size))
/** Dimensions of the hypercube that a size folds into. */
const dimensions: Formula = (size) => Math.log2(floorPowerOfTwo(size))
/** 1 where ranks fold. */
const fold: Formula = (size) => (floorPowerOfTwo(size) === size ? 0 : 1)
/** The part of a vector that is not one's own block; of the hypercube that is not one's own piece. */
const others: Formula = (size) => (size - 1) / size
const cubeOthers: Formula = (size) => others(floorPowerOfTwo(size), 0)
const peers: Formula = (size) => size - 1
const twice = (formula: Formula): Formula => (size, blocks) => 2 * formula(size, blocks)
const sum = (one: Formula, two: Formula): Formula => (size, blocks) => one(size, blocks) + two(size, blocks)
const pipeline: Formula = (size, blocks) => (size === 1 ? 0 : blocks + size - 2)
const recursiveDoubling = { steps: sum(dimensions, twice(fold)), volume: sum(dimensions, twice(fold)), work: sum(dimensions, fold) }
const rabenseifner = {
  steps: twice(sum(dimensions, fold)), volume: twice(sum(cubeOthers, fold)), work: sum(cubeOthers, fold),
}
const rabenseifnerReduce = {
  steps: sum(twice(dimensions), fold), volume: sum(twice(cubeOthers), fold), work: sum(cubeOthers, fold),
}
/** Up a binomial tree; up and down. */
const upTree = { steps: log, volume: log, work: log }
const upAndDown = { steps: twice(log), volume: twice(log), work: log }
/** Blocks that Bruck's alltoall ships: those whose distance has bit k, for all k. */
const bruckBlocks: Formula = (size) => {
  let count = 0
  for (let distance = 1; distance < size; distance++) for (let bits = distance; bits > 0; bits >>= 1) count += bits & 1
  return count
}

export const ENTRIES: readonly Entry[] = [
  entry('barrier', 'dissemination', barrierDissemination, { cut: 'whole', steps: log, volume: none }),
  entry('barrier', 'tree', barrierTree, { cut: 'whole', steps: twice(log), volume: none }),
  twoLevel('barrier', 'two-level', barrierTwoLevel, { cut: 'whole' }, { steps: log, volume: none }, {
    steps: twice(peers), volume: none,
  }),

  entry('bcast', 'binomial', bcastBinomial, { cut: 'whole', steps: log, volume: log }),
  entry('bcast', 'chain', bcastChain, {
    cut: 'segments', typedOnly: true, steps: pipeline, volume: (size, blocks) => pipeline(size, blocks) / blocks,
  }),
  entry('bcast', 'scatter-allgather', bcastScatterAllgather, {
    cut: 'ranks', typedOnly: true, steps: twice(log), volume: twice(others),
  }),
  twoLevel('bcast', 'two-level', bcastTwoLevel, { cut: 'whole' }, { steps: log, volume: log }, { steps: log, volume: log }),

  entry('scatter', 'binomial', scatterBinomial, { cut: 'ranks', scratch: true, steps: log, volume: peers }),
  entry('scatter', 'linear', scatterLinear, { cut: 'ranks', steps: peers, volume: peers }),

  entry('gather', 'binomial', gatherBinomial, { cut: 'ranks', steps: log, volume: peers }),
  entry('gather', 'linear', gatherLinear, { cut: 'ranks', steps: peers, volume: peers }),

  entry('allgather', 'recursive-doubling', allgatherRecursiveDoubling, {
    cut: 'ranks', powerOfTwo: true, steps: log, volume: peers,
  }),
  entry('allgather', 'bruck', allgatherBruck, { cut: 'ranks', steps: log, volume: peers }),
  entry('allgather', 'ring', allgatherRing, { cut: 'ranks', steps: peers, volume: peers }),
  twoLevel('allgather', 'two-level', allgatherTwoLevel, { cut: 'ranks' }, {
    steps: peers, volume: (hosts, blocks) => peers(hosts, 0) * (blocks / hosts),
  }, {
    steps: sum(peers, log), volume: (ranks, blocks) => peers(ranks, 0) + log(ranks, 0) * blocks,
  }),

  entry('alltoall', 'bruck', alltoallBruck, { cut: 'ranks', scratch: true, steps: log, volume: bruckBlocks }),
  entry('alltoall', 'linear', alltoallLinear, { cut: 'ranks', steps: peers, volume: peers }),
  entry('alltoall', 'pairwise', alltoallPairwise, { cut: 'ranks', steps: peers, volume: peers }),

  entry('reduce', 'binomial', reduceBinomial, { cut: 'whole', scratch: true, steps: log, volume: log, work: log }),
  entry('reduce', 'linear', reduceLinear, { cut: 'whole', scratch: true, steps: peers, volume: peers, work: peers }),
  entry('reduce', 'rabenseifner', reduceRabenseifner, {
    cut: 'ranks', typedOnly: true, scratch: true, ...rabenseifnerReduce,
  }),
  twoLevel('reduce', 'two-level', reduceTwoLevel, { cut: 'whole', scratch: true }, upTree, upTree),

  entry('allreduce', 'recursive-doubling', allreduceRecursiveDoubling, {
    cut: 'whole', scratch: true, ...recursiveDoubling,
  }),
  entry('allreduce', 'ring', allreduceRing, {
    cut: 'ranks', commutative: true, typedOnly: true, scratch: true,
    steps: twice(peers), volume: twice(others), work: others,
  }),
  entry('allreduce', 'rabenseifner', allreduceRabenseifner, {
    cut: 'ranks', typedOnly: true, scratch: true, ...rabenseifner,
  }),
  twoLevel('allreduce', 'two-level', allreduceTwoLevel, { cut: 'whole', scratch: true }, recursiveDoubling, upAndDown),
  twoLevel('allreduce', 'two-level-rabenseifner', allreduceTwoLevelRabenseifner, {
    cut: 'ranks', typedOnly: true, scratch: true,
  }, rabenseifner, upAndDown),
]

/** What goes by a board, in files <collective>/shm.ts. */
export const BOARD_ENTRIES: readonly BoardEntry[] = [
  { collective: 'barrier', name: 'shm', typedOnly: false },
  { collective: 'bcast', name: 'shm', typedOnly: false },
  { collective: 'scatter', name: 'shm', typedOnly: false },
  { collective: 'gather', name: 'shm', typedOnly: false },
  { collective: 'allgather', name: 'shm', typedOnly: false },
  { collective: 'alltoall', name: 'shm', typedOnly: false },
  { collective: 'reduce', name: 'shm', typedOnly: true },
  { collective: 'allreduce', name: 'shm', typedOnly: true },
]

const byCollective = new Map<CollectiveName, readonly Entry[]>()
for (const { collective } of ENTRIES) {
  byCollective.set(collective, ENTRIES.filter((candidate) => candidate.collective === collective))
}

/** The algorithms of a collective, in the order above. */
export function algorithmsOf(collective: CollectiveName): readonly Entry[] {
  return byCollective.get(collective) ?? []
}

/** By messages or by a board. Throws ArgumentError, with the names that there are. */
export function algorithmNamed(collective: CollectiveName, name: string): Entry | BoardEntry {
  const entries = [...algorithmsOf(collective), ...BOARD_ENTRIES.filter((entry) => entry.collective === collective)]
  const entry = entries.find((candidate) => candidate.name === name)
  if (entry !== undefined) return entry
  const names = entries.map((candidate) => candidate.name).join(', ')
  throw new ArgumentError(`${collective} has no algorithm '${name}'; it has: ${names}`)
}

export const isBoard = (entry: Entry | BoardEntry): entry is BoardEntry => entry.name === 'shm'

export const isCollective = (name: string): name is CollectiveName => byCollective.has(name as CollectiveName)

/** In the order above. */
export const collectives = (): CollectiveName[] => [...byCollective.keys()]
