// A board in plain memory, with members that take turns: slots, buffers, room, numbers that wrap, who is rung.
import t from 'tap'
import { Board } from '../../lib/transport/board.js'
import type { Publication } from '../../lib/transport/transport.js'
import { ShmBoards } from '../../lib/transport/shm-boards.js'
import {
  BOARDS, BOARD_BUFFERS, BOARD_MEMBERS, BOARD_SLOTS, BUFFER_BYTES, PAGE, SLOT_PAYLOAD, boardBytes, boardOffset, poolOffset,
  segmentBytes,
} from '../../lib/wire/segment.js'
import type { NativeMemory } from '../../native/load.js'
import { filled } from '../support/values.js'

const CHECK = 4711
const PATIENCE = { shortLooks: 2, looks: 1, nanoseconds: 0 }

interface Members {
  readonly boards: readonly Board[]
  /** Who was rung, by whom. */
  readonly rung: [by: number, rank: number][]
}

/** Members whose ranks in the transport are 10 and on. */
function members(size: number): Members {
  const memory = new ArrayBuffer(boardBytes(size))
  const ranks = Array.from({ length: size }, (_, rank) => 10 + rank)
  const rung: [number, number][] = []
  const boards = ranks.map((_, rank) => {
    const surroundings = { wake: (peer: number) => void rung.push([rank, peer]), memoryOf: () => undefined, watch: () => undefined, watchSlots: () => undefined, linger: () => undefined }
    return new Board(memory, ranks, rank, surroundings, PATIENCE)
  })
  return { boards, rung }
}

function publication(board: Board, number: number, payload: Uint8Array): Publication {
  const write = (offset: number): void => {
    if (offset % 16 !== 0) throw new Error(`a payload at ${offset}`)
    board.bytes.set(payload, offset)
  }
  return { number, signature: 7, check: CHECK, type: 3, length: payload.length, write }
}

const publish = (board: Board, number: number, payload: Uint8Array = new Uint8Array(0)): boolean =>
  board.publish(publication(board, number, payload))

function read(board: Board, number: number, rank: number): Uint8Array {
  const offset = board.offset(number, rank)
  return board.bytes.slice(offset, offset + board.length(number, rank))
}

void t.test('what one publishes the others collect, of every length', async (t) => {
  const { boards } = members(3)
  const lengths = [0, 1, 7, 8, SLOT_PAYLOAD - 1, SLOT_PAYLOAD, SLOT_PAYLOAD + 1, 4096, BUFFER_BYTES - 1, BUFFER_BYTES]
  for (const [number, length] of lengths.entries()) {
    for (const board of boards) {
      t.equal(board.collect(number, 0, 3, CHECK), board.rank, 'those before have published')
      t.ok(publish(board, number, filled(Uint8Array, length, board.rank + number)))
    }
    for (const board of boards) {
      t.equal(board.collect(number, 0, 3, CHECK), 3)
      for (let rank = 0; rank < 3; rank++) {
        t.same(read(board, number, rank), filled(Uint8Array, length, rank + number), `${length} bytes of ${rank}`)
        t.equal(board.type(number, rank), 3)
        t.equal(board.signature(number, rank), 7)
      }
      board.pass(number)
    }
  }
})

void t.test('collecting stops at a member that has not published, and at one with another check', async (t) => {
  const [one, two, three] = members(3).boards
  publish(one, 0)
  t.equal(two.collect(0, 0, 3, CHECK), 1)
  t.notOk(two.arrived(0, 1))
  publish(three, 0)
  t.equal(two.collect(0, 0, 3, CHECK), 1, 'in order')
  t.equal(two.collect(0, 2, 3, CHECK), 3)
  t.equal(two.collect(0, 0, 1, CHECK + 1), 0)
  t.ok(two.arrived(0, 0))
  t.notOk(two.agrees(0, 0, CHECK + 1))
  t.ok(two.agrees(0, 0, CHECK))
})

void t.test('a member is ahead by as many collectives as there are slots, and goes on once all have passed', async (t) => {
  const [root, two, three] = members(3).boards
  let number = 0
  while (publish(root, number)) root.pass(number++)
  t.equal(number, BOARD_SLOTS)
  t.equal(root.laggard(number, 0), 1)
  for (let i = 0; i < BOARD_SLOTS; i++) two.pass(i)
  t.notOk(publish(root, number), 'the third has passed nothing')
  t.equal(root.laggard(number, 0), 2)
  for (let i = 0; i < BOARD_SLOTS; i++) {
    t.ok(three.arrived(i, 0), 'not overwritten')
    three.pass(i)
  }
  t.equal(root.laggard(number, 0), -1)
  while (publish(root, number)) root.pass(number++)
  t.equal(number, 2 * BOARD_SLOTS)
})

void t.test('a buffer is used again once all have passed its last use', async (t) => {
  const [root, two] = members(2).boards
  const payload = (number: number): Uint8Array => filled(Uint8Array, 1000, number)
  let number = 0
  while (publish(root, number, payload(number))) root.pass(number++)
  t.equal(number, BOARD_BUFFERS)
  t.equal(root.laggard(number, 1000), 1)
  t.equal(root.laggard(number, 10), -1, 'a slot there is')
  t.ok(publish(root, number), 'which needs no buffer')
  root.pass(number++)
  for (let i = 0; i < BOARD_BUFFERS; i++) t.same(read(two, i, 0), payload(i), 'not overwritten')
  two.pass(0)
  t.ok(publish(root, number, payload(number)), 'who has read a buffer tells at once')
  t.notOk(publish(root, number + 1, payload(number + 1)), 'one buffer')
})

void t.test('who passes without reading tells before the others lack a buffer', async (t) => {
  const { boards } = members(4)
  const payload = filled(Uint8Array, 200, 1)
  for (let number = 0; number < 50; number++) {
    for (const board of boards) {
      t.ok(publish(board, number, payload), `collective ${number}`)
      board.pass(number)
    }
  }
})

void t.test('numbers wrap', async (t) => {
  const all = members(2).boards
  const [root] = all
  // What passing 2^31 collectives comes to, with a buffer used long ago.
  publish(root, 0, filled(Uint8Array, 500, 1))
  for (const far of [2 ** 29, 2 ** 30, 2 ** 30 + 2 ** 29, 2 ** 31 - 100]) for (const board of all) board.pass(far)
  let number = 2 ** 31 - 99
  for (let i = 0; i < 300; i++) {
    const payload = filled(Uint8Array, i % 3 === 0 ? 300 : 20, i)
    for (const board of all) t.ok(publish(board, number, payload), `${number}`)
    for (const board of all) {
      t.equal(board.collect(number, 0, 2, CHECK), 2)
      t.same(read(board, number, 1 - board.rank), payload)
      board.pass(number)
    }
    number = (number + 1) | 0
  }
  t.ok(number < 0)
  let ahead = 0
  while (publish(root, (number + ahead) | 0)) ahead++
  t.ok(ahead > BOARD_SLOTS - BOARD_BUFFERS && ahead <= BOARD_SLOTS, `${ahead} ahead of what the other has told`)
})

void t.test('who waits is rung by whom it waits for, once', async (t) => {
  const { boards, rung } = members(3)
  const [one, two, three] = boards
  publish(two, 0)
  t.same(rung, [], 'nobody waits')
  one.await(1)
  three.await(1)
  publish(three, 0)
  t.same(rung, [], 'for somebody else')
  publish(two, 1)
  t.same(rung, [[1, 10], [1, 12]], 'by their ranks in the transport')
  publish(two, 2)
  t.equal(rung.length, 2, 'once')
  three.await(0)
  for (let number = 0; number < BOARD_SLOTS; number++) one.pass(number)
  t.same(rung.slice(2), [[0, 12]], 'also for passing')
})

void t.test('rubbish in memory is read, but nothing beyond the memory', async (t) => {
  const [one, two] = members(2).boards
  publish(one, 0, filled(Uint8Array, 10, 1))
  const wrong: string[] = []
  for (let turn = 0; turn < 2000; turn++) {
    one.words.fill(Math.trunc(Math.sin(turn) * 2 ** 31), PAGE / 4, PAGE / 4 + 64)
    const offset = two.offset(0, 0)
    const length = two.length(0, 0)
    if (!(offset >= PAGE && offset + length <= two.bytes.length)) wrong.push(`turn ${turn}: ${length} bytes at ${offset}`)
  }
  t.same(wrong, [])
})

void t.test('the pool: a board is taken once, and cleared when its last member has left', async (t) => {
  const memory = new Map<number, ArrayBuffer>()
  const map = (_fd: number, offset: number, bytes: number): ArrayBuffer => {
    if (!memory.has(offset)) memory.set(offset, new ArrayBuffer(bytes))
    return memory.get(offset)!
  }
  const transport = { wake: () => undefined, memoryOf: () => undefined, watch: () => undefined, watchSlots: () => undefined, linger: () => undefined }
  const pools = [0, 1, 2].map((rank) => {
    return new ShmBoards({ memory: { map } as NativeMemory, fd: 0, ranks: [0, 1, 2], rank, worldSize: 3, transport, patience: PATIENCE })
  })
  t.same(pools.map((pool) => pool.worldBoard), [0, 0, 0])
  t.ok(pools[0].reaches([0, 1, 2]))
  t.notOk(pools[0].reaches([0, 3]), 'not of this host')
  const taken = Array.from({ length: BOARDS - 1 }, (_, i) => pools[i % 3].take(2))
  t.same(taken, taken.map((_, i) => i + 1))
  t.equal(pools[0].take(2), -1, 'none is left')

  const [first, second] = [pools[0].open(5, [0, 2]), pools[2].open(5, [0, 2])]
  t.equal(second.rank, 1)
  publish(first, 0, filled(Uint8Array, 100, 3))
  t.equal(second.collect(0, 0, 1, CHECK), 1)
  pools[0].leave(5)
  t.equal(pools[1].take(2), -1, 'a member still has it')
  t.same(read(second, 0, 0), filled(Uint8Array, 100, 3), 'and reads on')
  pools[2].leave(5)
  t.equal(pools[1].take(2), 5)
  t.notOk(pools[1].open(5, [1, 2]).arrived(0, 0), 'nothing of it is left')
})

void t.test('the layout', async (t) => {
  for (const size of [1, 2, 32, 128]) {
    t.ok(poolOffset(size) % PAGE === 0 && boardOffset(1, size) % PAGE === 0)
    t.ok(boardOffset(0, size) >= poolOffset(size) + PAGE)
    t.ok(boardOffset(0, size) + boardBytes(BOARD_MEMBERS) <= boardOffset(1, size))
    t.ok(boardOffset(BOARDS - 1, size) + boardBytes(BOARD_MEMBERS) <= segmentBytes(size))
  }
})
