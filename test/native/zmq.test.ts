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
  t.equal(native.zmqReceive(router, into, 0, 64, 4096), 0, 'nothing there')
  send(5)
  send(0)
  await delay(10)
  const end = native.zmqReceive(router, into, 0, 64, 4096)
  const [first, second] = [partsOf(into, 0)!, partsOf(into, new Int32Array(into)[1])!]
  t.same(first.map((part) => [...part]), [[...Buffer.from('me')], [2, 3], [0, 0, 0, 0, 0]])
  t.same(second.map((part) => part.length), [2, 2, 0])
  t.equal(end, new Int32Array(into)[1] * 2 - 8)
  send(1000)
  await delay(10)
  t.ok(native.zmqReceive(router, into, 0, 64, 4096) > 0)
  t.equal(partsOf(into, 0), undefined, 'one part did not fit')
  t.equal(new Int32Array(into)[0], 3, 'but was counted')
  send(1)
  t.equal(native.zmqReceive(router, into, 200, 64, 4096), 200, 'no room for a message')
  for (const socket of [router, dealer]) native.zmqClose(socket)
})

await t.test('two pieces of memory leave as one part; long parts are held until they are dropped', { skip }, async (t) => {
  const [router, dealer] = [native.zmqOpen(ROUTER), native.zmqOpen(DEALER)]
  native.zmqBind(router, 'inproc://held')
  native.zmqConnect(dealer, 'inproc://held')
  const rest = Uint8Array.from({ length: 1003 }, (_, i) => i % 251)
  native.zmqSendJoined(dealer, bytes(1, 2, 3), 1, 2, rest, 1, 1002)
  native.zmqSendJoined(dealer, bytes(1, 2, 3), 1, 1, rest, 0, 2)
  native.zmqSendJoined(dealer, bytes(), 0, 0, new Uint8Array(0), 0, 0)
  await delay(10)
  const into = new ArrayBuffer(1024)
  const words = new Int32Array(into)
  t.ok(native.zmqReceive(router, into, 0, 64, 64) > 0)
  const part = (message: number): number => message + 8 + 8 + ((words[(message + 8) >> 2] + 7) & ~7)
  const held = part(0)
  t.same([words[0], words[held >> 2], words[(held >> 2) + 1]], [2, 1008, 1], 'its length, padded, and its number')
  t.same([...new Uint8Array(into, held + 8, 4)], [2, 3, 1, 2])
  t.equal(words[1], held + 8 + 64, 'no more than the beginning is there')
  const second = part(words[1])
  t.same([words[second >> 2], words[(second >> 2) + 1]], [8, 0])
  t.same([...new Uint8Array(into, second + 8, 8)], [2, 0, 1, 0, 0, 0, 0, 0])
  t.equal(words[part(words[1] + words[(words[1] >> 2) + 1]) >> 2], 0, 'an empty one')

  const copy = new Uint8Array(1010)
  native.zmqCopy(router, 1, 2, copy, 4, 1006)
  t.same([...copy.subarray(0, 4), ...copy.subarray(1006)], [0, 0, 0, 0, 0, 0, 0, 0], 'padding, and nothing else')
  t.same(copy.subarray(4, 1006), rest.subarray(1))
  for (const [from, at, count] of [[0, 0, 1009], [1008, 0, 1], [-1, 0, 1], [0, 1010, 1], [0, 5, 1006], [0, -1, 1]]) {
    t.throws(() => native.zmqCopy(router, 1, from, copy, at, count), /beyond/)
  }
  for (let i = 0; i < 3; i++) native.zmqSend(dealer, new ArrayBuffer(100), 0, 100, false)
  native.zmqDrop(router, 1)
  t.throws(() => native.zmqDrop(router, 1), /not a message that is held/)
  await delay(10)
  let at = native.zmqReceive(router, into, 0, 64, 64) && 0
  const numbers: number[] = []
  for (let i = 0; i < 3; i++, at += words[(at >> 2) + 1]) numbers.push(words[(part(at) >> 2) + 1])
  t.same(numbers, [1, 2, 3], 'numbers are used again')
  native.zmqClose(router)
  t.throws(() => native.zmqDrop(router, 2), /not an open socket/)
  native.zmqClose(dealer)
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
    while (native.zmqReceive(router, into, 0, 64, 4096) > 0);
    native.zmqSend(dealer, bytes(i), 0, 1, false)
    await delay(10)
    t.equal(told, i)
  }
  while (native.zmqReceive(router, into, 0, 64, 4096) > 0);
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
  while (native.zmqReceive(router, into, 0, 64, 4096) > 0);
  for (const awake of [0, 1000, 1e9]) {
    memory.ring(doorbell)
    native.zmqWait(router, doorbell, awake, 999_999_999)
    native.zmqWait(router, doorbell, Math.min(awake, 1000), 100_000)
    native.zmqSend(dealer, bytes(1), 0, 1, false)
    native.zmqWait(router, -1, awake, 999_999_999)
    t.ok(native.zmqReceive(router, into, 0, 64, 4096) > 0)
    t.equal(native.zmqReceive(router, into, 0, 64, 4096), 0)
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
    sendJoined: (id) => native.zmqSendJoined(id, room, 0, 1, new Uint8Array(1), 0, 1),
    copy: (id) => native.zmqCopy(id, 1, 0, new Uint8Array(1), 0, 1),
    drop: (id) => native.zmqDrop(id, 1),
    receive: (id) => native.zmqReceive(id, room, 0, 8, 64),
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
  const seven = new Uint8Array(room, 1, 7)
  for (const [from, length] of [[0, 65], [65, 0], [-1, 1], [1, -1]]) {
    t.throws(() => native.zmqSendJoined(socket, room, from, length, seven, 0, 7), /beyond the ArrayBuffer/)
  }
  for (const [at, count] of [[0, 8], [8, 0], [-1, 1], [1, -1], [NaN, 8], [2 ** 53, 1]]) {
    t.throws(() => native.zmqSendJoined(socket, room, 0, 1, seven, at, count), /beyond the Uint8Array/)
  }
  t.throws(() => native.zmqSendJoined(socket, room, 0, 1, new Float64Array(1) as unknown as Uint8Array, 0, 1), /not a Uint8Array/)
  for (const number of [0, 1, -1, 2 ** 31]) {
    t.throws(() => native.zmqCopy(socket, number, 0, seven, 0, 1), /not a message that is held/)
    t.throws(() => native.zmqDrop(socket, number), /not a message that is held/)
  }
  t.throws(() => native.zmqReceive(socket, room, 0, 8, 63), /short parts are not held/)
  for (const [from, least] of [[-8, 8], [72, 8], [4, 8], [0, 0]]) t.throws(() => native.zmqReceive(socket, room, from, least, 4096), /no room/)
  t.throws(() => native.zmqReceive(socket, {} as ArrayBuffer, 0, 8, 64))
  t.throws(() => native.zmqWatch(socket, 5 as unknown as () => void), /function/)
  native.zmqClose(socket)
  t.throws(() => native.zmqClose(socket), /not an open socket/)
  t.end()
})
