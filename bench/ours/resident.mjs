// Resident memory of this process in MB: all of it, and with shared pages divided by those who share them.
import { readFileSync } from 'node:fs'

export function memory() {
  const text = readFileSync('/proc/self/smaps_rollup', 'utf8')
  return ['Rss', 'Pss'].map((field) => (Number(new RegExp(`^${field}: *(\\d+) kB`, 'm').exec(text)[1]) * 1024) / 1e6)
}
