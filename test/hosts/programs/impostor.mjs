// An impostor: makes the connections that FILE has, one after the other, and says what became of each, as JSON; then holds
// those it has until it is killed.  impostor.mjs FILE
//   { at, keys: { publicKey, secretKey, serverKey }, routingId, message, replay }
// `replay`: what goes there is recorded on its way, and once that connection has ended it is played again.
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { Dealer } from 'zeromq'

const attempts = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const PATIENCE = 20_000
const soon = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, PATIENCE, 'nothing').unref())])
const split = (at) => ({ host: at.slice(0, at.lastIndexOf(':')), port: Number(at.slice(at.lastIndexOf(':') + 1)) })

/** 'let in' or 'refused'. */
function outcome(dealer) {
  return soon(new Promise((resolve) => {
    dealer.events.on('handshake', () => resolve('let in'))
    for (const why of ['auth', 'protocol', 'other']) dealer.events.on(`handshake:error:${why}`, () => resolve('refused'))
    dealer.events.on('disconnect', () => resolve('refused'))
  }))
}

async function speak({ keys, routingId, message }, at) {
  const { publicKey, secretKey, serverKey } = keys
  const dealer = new Dealer({
    linger: 0, sendTimeout: 0, reconnectInterval: -1, routingId, curvePublicKey: publicKey, curveSecretKey: secretKey, curveServerKey: serverKey,
  })
  const ended = outcome(dealer)
  dealer.connect(`tcp://${at}`)
  // who has been refused by then has nowhere to send
  const unsaid = await dealer.send(Buffer.from(message, 'hex')).catch((error) => error.message)
  const became = await ended
  return { dealer, became: unsaid === undefined || became === 'refused' ? became : `${became}, but: ${unsaid}` }
}

async function replay(attempt) {
  const recorded = []
  const proxy = createServer((socket) => {
    const there = connect(split(attempt.at))
    socket.on('error', () => {}).on('close', () => there.destroy()).on('data', (bytes) => (recorded.push(bytes), there.write(bytes)))
    there.on('error', () => {}).on('close', () => socket.destroy()).on('data', (bytes) => socket.write(bytes))
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { dealer, became } = await speak(attempt, `127.0.0.1:${proxy.address().port}`)
  // greeting, HELLO, INITIATE and the message
  const bytes = () => recorded.reduce((sum, { length }) => sum + length, 0)
  for (let last = -1; last < bytes(); ) {
    last = bytes()
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  dealer.close()
  proxy.close()
  const again = connect(split(attempt.at)).on('error', () => {}).resume()
  const over = soon(once(again, 'close').then(() => 'refused'))
  again.write(Buffer.concat(recorded))
  return `${became}, ${bytes() > 400 ? 'recorded' : 'nothing recorded'}, then ${await over}`
}

const held = []
for (const attempt of attempts) {
  if (attempt.replay) console.log(JSON.stringify(await replay(attempt)))
  else {
    const { dealer, became } = await speak(attempt, attempt.at)
    held.push(dealer)
    console.log(JSON.stringify(became))
  }
}
console.log('all attempts')
setInterval(() => held.length, 60_000)
