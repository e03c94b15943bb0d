// The processors of this machine: which make a core, a socket, a NUMA node; from /sys and, for what we may use, /proc.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Processor {
  /** The kernel's number. */
  cpu: number
  /** The first processor of its core: hardware threads of one core share it. */
  core: number
  socket: number
  numa: number
}

/** The processors that this process may use, core by core. Empty where the system does not tell: it is not Linux. */
export function readTopology(sys = '/sys/devices/system/cpu', status = '/proc/self/status'): Processor[] {
  try {
    const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(status, 'utf8'))?.[1] ?? ''
    const online = new Set(parseCpuList(readFileSync(join(sys, 'online'), 'utf8')))
    const processors = parseCpuList(allowed).filter((cpu) => online.has(cpu)).map((cpu) => readProcessor(sys, cpu))
    return processors.sort((a, b) => a.socket - b.socket || a.numa - b.numa || a.core - b.core || a.cpu - b.cpu)
  } catch {
    return []
  }
}

function readProcessor(sys: string, cpu: number): Processor {
  const folder = join(sys, `cpu${cpu}`)
  const siblings = readOr(join(folder, 'topology/thread_siblings_list'), String(cpu))
  const node = readdirSync(folder).map((name) => /^node(\d+)$/.exec(name)?.[1]).find((found) => found !== undefined)
  return {
    cpu,
    core: parseCpuList(siblings)[0] ?? cpu,
    // Virtual machines may say -1.
    socket: Math.max(0, Number(readOr(join(folder, 'topology/physical_package_id'), '0'))),
    numa: Number(node ?? 0),
  }
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return otherwise
  }
}

/** `0-3,8,10-11` */
export function parseCpuList(text: string): number[] {
  return text.trim().split(',').filter(Boolean).flatMap((range) => {
    const [low, high = low] = range.split('-').map(Number)
    return Array.from({ length: high - low + 1 }, (_, index) => low + index)
  })
}

/** The shortest such list. */
export function formatCpuList(cpus: readonly number[]): string {
  const sorted = [...new Set(cpus)].sort((a, b) => a - b)
  const starts = sorted.filter((cpu, index) => cpu - 1 !== sorted[index - 1])
  const ends = sorted.filter((cpu, index) => cpu + 1 !== sorted[index + 1])
  return starts.map((start, index) => (start === ends[index] ? `${start}` : `${start}-${ends[index]}`)).join(',')
}
