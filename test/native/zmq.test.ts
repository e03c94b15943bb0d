// libzmq's own calls: what they do with messages, and that wrong arguments throw.
import t from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { nativeMemory, nativeZmq, whyNotNative } from '../../native/load.js'
import { partsOf } from '../../lib/transport/zmq-socket.js'

const native = nativeZmq()!
const skip = nativeZmq() === undefined ? whyNotNative() : false
const [DEALER, ROUTER] = [5, 6]
const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer

await t.test('without libzmq there are no sockets', { skip }, (t) => {
  t.equal(native.zmqLoad(), undefined)
  t.throws(() => native.zmqOpen(ROUTER), /libzmq has not been found/)
  t.end()
})

if (!skip) await import('zeromq')

await t.test('messages of several parts, as far as there is room', { skip }, async (t) => {
  t.match(native.zmqLoad(), /^4\.\d+\.\d+$/)
  const [router, dealer] = [native.zmqOpen(ROUTER), native.zmqOpen(DEALER)]
  native.zmqSet(dealer, 5, 'me')
  native.zmqBind(router, 'inproc://parts')
  native.zmqConnect(dealer, 'inproc://parts')
  const send = (length: number): void => {
    native.zmqSend(dealer, bytes(1, 2, 3), 1, 2, true)
    native.zmqSend(dealer, new ArrayBuffer(length), 0, length, false)
  }
  const into = new ArrayBuffer(256)
  t.equal(native.zmqReceive(router, into, 0, 64), 0, 'nothing there')
  send(5)
  send(0)
  await delay(10)
  const end = native.zmqReceive(router, into, 0, 64)
  const [first, second] = [partsOf(into, 0)!, partsOf(into, new Int32Array(into)[1])!]
  t.same(first.map((part) => [...part]), [[...Buffer.from('me')], [2, 3], [0, 0, 0, 0, 0]])
  t.same(second.map((part) => part.length), [2, 2, 0])
  t.equal(end, new Int32Array(into)[1] * 2 - 8)
  send(1000)
  await delay(10)
  t.ok(native.zmqReceive(router, into, 0, 64) > 0)
  t.equal(partsOf(into, 0), undefined, 'one part did not fit')
  t.equal(new Int32Array(into)[0], 3, 'but was counted')
  send(1)
  t.equal(native.zmqReceive(router, into, 200, 64), 200, 'no room for a message')
  for (const socket of [router, dealer]) native.zmqClose(socket)
})

await t.test('a watch tells of what comes after a receive that found nothing', { skip }, async (t) => {
  const [router, dealer] = [native.zmqOpen(ROUTER), native.zmqOpen(DEALER)]
  native.zmqBind(router, 'inproc://watch')
  native.zmqConnect(dealer, 'inproc://watch')
  const into = new ArrayBuffer(256)
  let told = 0
  native.zmqWatch(router, () => told++)
  t.throws(() => native.zmqWatch(router, () => undefined), /one function/)
  for (let i = 1; i <= 3; i++) {
    while (native.zmqReceive(router, into, 0, 64) > 0);
    native.zmqSend(dealer, bytes(i), 0, 1, false)
    await delay(10)
    t.equal(told, i)
  }
  while (native.zmqReceive(router, into, 0, 64) > 0);
  native.zmqClose(router)
  native.zmqClose(dealer)
  await delay(10)
  t.equal(told, 3)
})

await t.test('a wait ends with a message, with the doorbell, and with its time', { skip }, (t) => {
  const memory = nativeMemory()!
  const doorbell = memory.createDoorbell()
  const [router, dealer] = [native.zmqOpen(ROUTER), native.zmqOpen(DEALER)]
  native.zmqBind(router, 'inproc://wait')
  native.zmqConnect(dealer, 'inproc://wait')
  const into = new ArrayBuffer(256)
  while (native.zmqReceive(router, into, 0, 64) > 0);
  for (const awake of [0, 1000, 1e9]) {
    memory.ring(doorbell)
    native.zmqWait(router, doorbell, awake, 999_999_999)
    native.zmqWait(router, doorbell, Math.min(awake, 1000), 100_000)
    native.zmqSend(dealer, bytes(1), 0, 1, false)
    native.zmqWait(router, -1, awake, 999_999_999)
    t.ok(native.zmqReceive(router, into, 0, 64) > 0)
    t.equal(native.zmqReceive(router, into, 0, 64), 0)
  }
  native.zmqClose(router)
  native.zmqClose(dealer)
  memory.close(doorbell)
  t.end()
})

await t.test('wrong arguments throw', { skip }, (t) => {
  const socket = native.zmqOpen(ROUTER)
  const room = new ArrayBuffer(64)
  const calls: Record<string, (id: number) => unknown> = {
    set: (id) => native.zmqSet(id, 17, 0),
    bind: (id) => native.zmqBind(id, 'inproc://wrong'),
    connect: (id) => native.zmqConnect(id, 'inproc://wrong'),
    monitor: (id) => native.zmqMonitor(id, 'inproc://wrong', 0),
    send: (id) => native.zmqSend(id, room, 0, 1, false),
    receive: (id) => native.zmqReceive(id, room, 0, 8),
    watch: (id) => native.zmqWatch(id, () => undefined),
    hold: (id) => native.zmqHold(id, true),
    wait: (id) => native.zmqWait(id, -1, 0, 0),
    close: (id) => native.zmqClose(id),
  }
  for (const [name, call] of Object.entries(calls)) {
    for (const id of [-1, 9999, undefined, {}, 'x']) t.throws(() => call(id as number), /not an open socket/, name)
  }
  t.throws(() => native.zmqOpen(99), /Invalid argument/)
  t.throws(() => native.zmqSet(socket, 9999, 1), /Invalid argument/)
  t.throws(() => native.zmqBind(socket, 'nonsense'), /Invalid argument/)
  t.throws(() => native.zmqBind(socket, 5 as unknown as string), /not an endpoint/)
  for (const [from, length] of [[0, 65], [65, 0], [-1, 1], [1, -1], [60, 5]]) {
    t.throws(() => native.zmqSend(socket, room, from, length, false), /beyond/)
  }
  t.throws(() => native.zmqSend(socket, new Uint8Array(3) as unknown as ArrayBuffer, 0, 1, false), /not an ArrayBuffer/)
  for (const [from, least] of [[-8, 8], [72, 8], [4, 8], [0, 0]]) t.throws(() => native.zmqReceive(socket, room, from, least), /no room/)
  t.throws(() => native.zmqReceive(socket, {} as ArrayBuffer, 0, 8))
  t.throws(() => native.zmqWatch(socket, 5 as unknown as () => void), /function/)
  native.zmqClose(socket)
  t.throws(() => native.zmqClose(socket), /not an open socket/)
  t.end()
})
