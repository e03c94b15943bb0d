// docs/mpi-mapping.md against the public names: what the table names exists, and every name has its place.
import t from 'tap'
import { readFileSync } from 'node:fs'
import * as MPI from '../lib/index.js'

const text = readFileSync(new URL('../docs/mpi-mapping.md', import.meta.url), 'utf8')
const cells = text.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split('|')[3])
const named = cells.map((cell) => cell.replace(/^(.*?)not yet.*/, '$1')).join('\n')

void t.test('what the table names exists', async (t) => {
  const methods = [...named.matchAll(/`comm\.(\w+)/g)].map(([, name]) => name)
  t.ok(methods.length > 25)
  for (const name of methods) t.ok(name in MPI.COMM_WORLD, `comm.${name}`)
  for (const [, name] of named.matchAll(/Request\.(\w+)\(/g)) t.ok(name in MPI.Request, `Request.${name}`)
  for (const [, name] of named.matchAll(/`([a-z]\w+)\(/g)) t.ok(name in MPI, `${name}()`)
  for (const [, name] of named.matchAll(/`([A-Z][A-Z_]+)`/g)) t.ok(name in MPI, name)
})

void t.test('every public name of values is in it', async (t) => {
  for (const name of Object.keys(MPI)) {
    if (name.endsWith('Error') || name === 'Communicator') continue
    t.match(text, new RegExp(`\\b${name}\\b`), name)
  }
})

void t.test('every operation of a communicator is in it', async (t) => {
  const internal = ['constructor', 'contextFor', 'rankOf', 'worldRankOf', 'checkAlive', 'useBoard']
  const names: string[] = []
  for (let of = MPI.Communicator.prototype as object; of !== Object.prototype; of = Object.getPrototypeOf(of) as object) {
    names.push(...Object.getOwnPropertyNames(of))
  }
  t.ok(['split', 'allreduce', 'sendrecv'].every((name) => names.includes(name)))
  for (const name of names.filter((each) => !internal.includes(each))) {
    const listed = named.includes(`comm.${name}`) || named.includes(`comm.${name.replace(/^i/, '')}`)
    t.ok(listed, name)
  }
})
