// A stranger: makes connections to each port, says something or nothing, and holds them until it is killed.
//   connections.mjs COUNT idle|garbage|null|plain|curve ADDRESS:PORT…
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { Dealer, curveKeyPair } from 'zeromq'

const [count, kind, ...ports] = process.argv.slice(2)

/** Resolves once the connection is there, or is refused. */
const dial = (port) =>
  new Promise((resolve) => {
    const at = port.lastIndexOf(':')
    const socket = connect({ host: port.slice(0, at), port: Number(port.slice(at + 1)) })
    setTimeout(resolve, 20_000, false).unref()
    socket.on('error', () => resolve(false)).on('connect', () => resolve(true)).resume()
    if (kind === 'garbage') socket.on('connect', () => socket.write(randomBytes(1 + (Math.random() * 5000) | 0)))
  })

const own = curveKeyPair()
const SECURITY = {
  null: {},
  plain: { plainUsername: 'root', plainPassword: 'root' },
  curve: { curvePublicKey: own.publicKey, curveSecretKey: own.secretKey, curveServerKey: curveKeyPair().publicKey },
}

async function speak(port) {
  const dealer = new Dealer({ linger: 0, sendTimeout: 1000, routingId: '1', ...SECURITY[kind] })
  dealer.connect(`tcp://${port}`)
  // who has been refused by then has nowhere to send, and would wait for it without end
  await dealer.send(randomBytes(1000)).catch(() => {})
  return true
}

const one = kind in SECURITY ? speak : dial
const made = await Promise.all(ports.flatMap((port) => Array.from({ length: Number(count) }, () => one(port))))
console.log(`${made.filter(Boolean).length} connections`)
setInterval(() => {}, 60_000)
