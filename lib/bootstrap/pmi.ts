// Opens the connection to a launcher that speaks PMI: which version is settled by the first two lines.
import { StateError } from '../errors.js'
import { LINES, Pmi1, parseLine } from './pmi1.js'
import { Pmi2 } from './pmi2.js'
import type { Pmi2Identity } from './pmi2.js'
import { PmiSocket } from './pmi-socket.js'
import { checkAnswer, wrongAnswer } from './pmi-wire.js'
import type { Pmi } from './pmi-wire.js'

export interface PmiOptions extends Pmi2Identity {
  readonly fd: number
  /** Asked for first; what the launcher offers instead is taken. */
  readonly version: 1 | 2
  /** Called where the launcher is gone before `finalize`. */
  readonly onLost: () => void
}

const SUBVERSION = { 1: 1, 2: 0 } as const

/** Throws StateError or TransportError. */
export function openPmi({ fd, version, onLost, ...identity }: PmiOptions): Pmi {
  const socket = new PmiSocket(fd, LINES, onLost)
  try {
    const offered = shakeHands(socket, version)
    if (offered !== version && shakeHands(socket, offered) !== offered) {
      throw new StateError(`PMI: the launcher takes neither version ${version} nor the ${offered} that it offers`)
    }
    return offered === 1 ? new Pmi1(socket) : new Pmi2(socket, identity)
  } catch (error) {
    socket.close()
    throw error
  }
}

/** The version that the launcher speaks. */
function shakeHands(socket: PmiSocket, version: 1 | 2): 1 | 2 {
  const asked = `cmd=init pmi_version=${version} pmi_subversion=${SUBVERSION[version]}`
  const got = socket.ask(asked)
  const answer = parseLine(got)
  const offered = answer.get('pmi_version')
  if (offered !== '1' && offered !== '2') throw wrongAnswer(asked, got, 'pmi_version=1 or pmi_version=2')
  const other = offered === '1' ? 1 : 2
  if (other === version) checkAnswer(asked, got, answer, 'response_to_init')
  else if (answer.get('cmd') !== 'response_to_init') throw wrongAnswer(asked, got, 'cmd=response_to_init')
  return other
}
