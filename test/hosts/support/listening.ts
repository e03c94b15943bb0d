// At which sockets the processes of a job on a host can be reached.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import type { Host } from './host.js'
import { byNode } from './job.js'

export interface HostSocket {
  kind: 'tcp' | 'tcp6' | 'udp' | 'udp6'
  /** `address:port`; of version 6 as the kernel writes it. */
  at: string
  /** Of the process that has it, where that is a rank. */
  rank: number | undefined
}

const LISTENS = '0A'

/** Those of TCP that listen, and all of UDP. What salloc listens at is inherited, and does not count. */
export function sockets(host: Host): HostSocket[] {
  const own = byNode(host)
  const others = new Set(host.processes().filter(({ pid }) => !own.some((one) => one.pid === pid)).flatMap(({ pid }) => descriptors(pid)))
  const owners = new Map(own.flatMap(({ pid }) => descriptors(pid).filter((socket) => !others.has(socket)).map((socket) => [socket, pid] as const)))
  return (['tcp', 'tcp6', 'udp', 'udp6'] as const).flatMap((kind) => {
    const lines = readFileSync(`/proc/${host.pid}/net/${kind}`, 'latin1').trim().split('\n').slice(1)
    return lines.flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      const owner = owners.get(`socket:[${inode}]`)
      if (owner === undefined || (kind.startsWith('tcp') && state !== LISTENS)) return []
      const bytes = Buffer.from(address, 'hex').reverse()
      return [{ kind, at: `${kind.endsWith('6') ? address : bytes.join('.')}:${Number.parseInt(port, 16)}`, rank: rankOf(owner) }]
    })
  })
}

/** Where a job listens on a host: `address:port`. */
export const listening = (host: Host): string[] => sockets(host).filter(({ kind }) => kind.startsWith('tcp')).map(({ at }) => at)

/** What the descriptors of a process are open on. */
function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    return [] // gone meanwhile
  }
}

function rankOf(pid: number): number | undefined {
  try {
    const rank = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').find((item) => item.startsWith('TSMPI_RANK='))
    return rank === undefined ? undefined : Number(rank.slice('TSMPI_RANK='.length))
  } catch {
    return undefined
  }
}
