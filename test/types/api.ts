// Type tests of the public API: the compiler checks this file, nothing runs it. See api.test.ts.
import * as MPI from '../../lib/index.js'
import { COMM_WORLD as world, Op, Request, SUM, Status } from '../../lib/index.js'
import { countHits, countHitsAsync } from '../../lib/montecarlo/index.js'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** `is<Expected>()(value)` compiles only where the type of `value` is exactly that. */
const is =
  <Expected>() =>
  <Actual>(_value: Actual, ..._differs: Same<Actual, Expected> extends true ? [] : [never, Actual, Expected]): void =>
    undefined

const floats = new Float64Array(4)
const status = new Status()
const point = { x: 1, y: 'a' }

export function constants(): void {
  is<MPI.Communicator>()(MPI.COMM_WORLD)
  is<MPI.Communicator>()(MPI.COMM_SELF)
  is<number>()(world.rank)
  is<number>()(world.size)
  is<string>()(world.name)
  is<number>()(MPI.ANY_SOURCE)
  is<number>()(MPI.ANY_TAG)
  is<string>()(MPI.processorName)
  is<number>()(MPI.wtime())
  is<boolean>()(MPI.isFinalized())
  is<Promise<void>>()(MPI.finalize())
  is<readonly string[]>()(world.hosts)
  is<number>()(world.localRank)
  is<number>()(world.localSize)
  is<(code?: number, reason?: string) => never>()(MPI.abort)
  // @ts-expect-error: read-only
  world.rank = 3
  // @ts-expect-error: read-only
  world.size = 3
  // @ts-expect-error: read-only
  world.hosts[0] = 'a'
  // @ts-expect-error: colors are numbers
  void world.split('red')
}

export function sending(): void {
  is<Promise<void>>()(world.send(point, 1))
  is<Promise<void>>()(world.ssend(point, 1, 7))
  is<Promise<void>>()(world.bsend(point, 1, 7))
  is<Promise<void>>()(world.rsend(point, 1, 7))
  is<Request<void>>()(world.isend(point, 1))
  is<Request<void>>()(world.issend(point, 1, 7))
  // @ts-expect-error: a destination is needed
  void world.send(point)
  // @ts-expect-error: ranks are numbers
  void world.send(point, '1')
  // @ts-expect-error: tags are numbers
  void world.send(point, 1, 'tag')
  // @ts-expect-error: MPI's order is value, destination, tag
  void world.isend(1, point)
}

export function receiving(): void {
  is<Promise<unknown>>()(world.recv())
  is<Promise<unknown>>()(world.recv(0, 7, { status }))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.recv(0, 7, { into: floats }))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.recv(0, 7, { into: floats, status }))
  is<Promise<ArrayBuffer>>()(world.recv(0, 7, { into: new ArrayBuffer(8) }))
  is<Promise<DataView<ArrayBuffer>>>()(world.recv(0, 7, { into: new DataView(new ArrayBuffer(8)) }))
  is<Request<unknown>>()(world.irecv())
  is<Request<Float64Array<ArrayBuffer>>>()(world.irecv(0, 7, { into: floats }))
  is<Promise<Status>>()(world.probe())
  is<Promise<Status | undefined>>()(world.iprobe(0, 7))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.sendrecvReplace(floats, 1, { source: 2 }))
  is<Promise<unknown>>()(world.sendrecv(point, 1, { source: 2, sendTag: 1, recvTag: 2, status }))
  // @ts-expect-error: into is memory
  void world.recv(0, 7, { into: [1, 2, 3] })
  // @ts-expect-error: into is memory
  void world.recv(0, 7, { into: 'text' })
  // @ts-expect-error: a status is a Status
  void world.recv(0, 7, { status: {} })
  // @ts-expect-error: only a typed array can be replaced
  void world.sendrecvReplace(point, 1)
}

export function statuses(): void {
  is<number>()(status.source)
  is<number>()(status.tag)
  is<number>()(status.bytes)
  is<number>()(status.count)
  is<boolean>()(status.cancelled)
  is<string>()(status.typeName)
  // @ts-expect-error: counted from the bytes
  status.count = 3
}

export async function requests(): Promise<void> {
  const received = world.irecv(0, 7, { into: floats })
  const sum = world.iallreduce(1, SUM)
  const sent = world.isend(1, 1)
  is<Float64Array<ArrayBuffer>>()(await received)
  is<number>()(await sum)
  is<Promise<boolean>>()(sum.test())
  is<Promise<number>>()(sum.wait())
  is<boolean>()(sum.cancel())
  is<boolean>()(sum.active)
  is<Status | undefined>()(sum.status)
  is<[Float64Array<ArrayBuffer>, number, void]>()(await Request.waitAll([received, sum, sent]))
  is<[Float64Array<ArrayBuffer>, number] | undefined>()(await Request.testAll([received, sum]))
  const sums = [sum, sum]
  is<number[]>()(await Request.waitAll(sums))
  is<MPI.Completion<number> | undefined>()(await Request.waitAny(sums))
  is<MPI.Completion<number>[]>()(await Request.waitSome(sums))
  is<MPI.Completion<number> | undefined>()(await Request.testAny(sums))
  is<MPI.Completion<number>[]>()(await Request.testSome(sums))
  // @ts-expect-error: a list
  void Request.waitAll(sum)
  // @ts-expect-error: of requests
  void Request.waitAny([Promise.resolve(1)])
}

export function collectives(): void {
  is<Promise<void>>()(world.barrier())
  is<Request<void>>()(world.ibarrier())

  is<Promise<{ x: number; y: string }>>()(world.bcast(point, 0))
  is<Request<{ x: number; y: string }>>()(world.ibcast(point))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.bcast(undefined, 0, { into: floats }))

  is<Promise<string>>()(world.scatter(['a', 'b'], 0))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.scatter(floats, 0))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.scatter(undefined, 0, { into: floats }))
  is<Promise<unknown>>()(world.scatter(undefined))
  is<Request<string>>()(world.iscatter(['a', 'b'], 0))

  is<Promise<{ x: number; y: string }[] | undefined>>()(world.gather(point))
  is<Promise<Float64Array<ArrayBuffer> | undefined>>()(world.gather(floats, 0, { into: floats }))
  is<Request<{ x: number; y: string }[] | undefined>>()(world.igather(point))

  is<Promise<{ x: number; y: string }[]>>()(world.allgather(point))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.allgather(floats, { into: floats }))
  is<Promise<Float64Array<ArrayBuffer>[]>>()(world.allgather(floats))
  is<Request<{ x: number; y: string }[]>>()(world.iallgather(point))

  is<Promise<string[]>>()(world.alltoall(['a', 'b']))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.alltoall(floats))
  is<Request<Float64Array<ArrayBuffer>>>()(world.ialltoall(floats, { into: floats }))

  is<Promise<number | undefined>>()(world.reduce(world.rank, SUM, 0))
  is<Promise<Float64Array<ArrayBuffer> | undefined>>()(world.reduce(floats, SUM, 0, { into: floats }))
  is<Request<number | undefined>>()(world.ireduce(world.rank, SUM))

  is<Promise<number>>()(world.allreduce(world.rank, SUM))
  is<Promise<bigint>>()(world.allreduce(BigInt(world.rank), SUM))
  is<Promise<Float64Array<ArrayBuffer>>>()(world.allreduce(floats, SUM, { into: floats }))
  is<Request<number>>()(world.iallreduce(world.rank, SUM))

  void world.allreduce(floats, SUM, { algorithm: 'ring', segmentBytes: 4096 })
  // @ts-expect-error: an op is an Op
  void world.allreduce(1, (a: number, b: number) => a + b)
  // @ts-expect-error: an op is needed
  void world.reduce(1)
  // @ts-expect-error: into has the type of the value
  void world.allreduce(floats, SUM, { into: new Int32Array(4) })
  // @ts-expect-error: into has the type of the value
  void world.gather(floats, 0, { into: new Float32Array(4) })
  // @ts-expect-error: one value a rank
  void world.alltoall(5)
  // @ts-expect-error: no such option
  void world.barrier({ algorithms: 'tree' })
  // @ts-expect-error: roots are numbers
  void world.bcast(point, 'root')
}

export async function communicators(): Promise<void> {
  is<MPI.Communicator | undefined>()(await world.split(0))
  is<MPI.Communicator | undefined>()(await world.split(MPI.UNDEFINED, 3))
  is<MPI.Communicator>()(await world.splitType(MPI.SHARED))
  is<MPI.Communicator | undefined>()(await world.splitType(world.rank > 0 ? MPI.SHARED : MPI.UNDEFINED, 3))
  is<MPI.Communicator>()(await world.dup())
  is<void>()(await world.free())
  // @ts-expect-error: a color is needed
  void world.split()
}

export function ops(): void {
  is<Op>()(Op.create((a: string, b: string) => a + b))
  is<Op>()(Op.create((a: number, b: number) => Math.hypot(a, b), { commute: true, name: 'hypot' }))
  is<Op>()(SUM)
  // @ts-expect-error: it gives what it takes
  Op.create((a: number, b: number) => String(a + b))
  // @ts-expect-error: made by Op.create
  new Op()
}

export function errors(error: MPI.MpiError): void {
  is<string>()(error.code)
  if (error instanceof MPI.TruncateError) is<number>()(error.messageBytes + error.bufferBytes)
  if (error instanceof MPI.PeerError) is<number>()(error.rank)
  if (error instanceof MPI.DataError) is<string>()(error.path)
  // @ts-expect-error: only of some errors
  void error.rank
}

export function monteCarlo(): void {
  is<number>()(countHits(0, 1000))
  is<bigint>()(countHits(0, 1000n))
  is<Promise<number>>()(countHitsAsync(0n, 1000, { threads: 2 }))
  // @ts-expect-error: a count is needed
  countHits(0)
}
