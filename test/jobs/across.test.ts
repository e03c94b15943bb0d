// Ranks of a job on several hosts: real processes, shared memory inside each host and TCP between them.
import t from 'tap'
import { runOnHosts } from '../support/launcher.js'
import { program } from './support.js'

const lines = (size: number): string[] => Array.from({ length: size }, (_, rank) => `rank ${rank} of ${size}: ok`).sort()

const LAYOUTS: readonly { title: string; hosts: string[]; without?: string[] }[] = [
  { title: 'two hosts', hosts: ['a', 'a', 'b', 'b'] },
  { title: 'hosts in turn', hosts: ['a', 'b', 'c', 'a', 'b'] },
  { title: 'one rank a host', hosts: ['a', 'b', 'c'] },
  { title: 'a host without shared memory', hosts: ['a', 'a', 'b', 'b'], without: ['b'] },
  { title: 'no host with shared memory', hosts: ['a', 'b', 'a', 'b'], without: ['a', 'b'] },
]

for (const { title, hosts, without } of LAYOUTS) {
  void t.test(title, async (t) => {
    const { codes, output } = await runOnHosts({ args: [program('across.mjs')], hosts, ...(without && { without }) })
    t.same(codes, hosts.map(() => 0))
    t.same(output.trim().split('\n').sort(), lines(hosts.length))
  })
}
