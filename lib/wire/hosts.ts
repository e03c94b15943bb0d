// The host of each rank: how many each host has, and all of it as a word for the environment. `a,b;0x4,1x4` is a job of
// four ranks on a, then four on b.
//
//   word := name { "," name } ";" run { "," run }
//   run  := index [ "-" index ] [ "x" times ]          0-2x3: hosts 0, 1, 2, three times over
import { StateError } from '../errors.js'

export function ranksPerHost(hosts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const host of hosts) counts.set(host, (counts.get(host) ?? 0) + 1)
  return counts
}

/** Names must be free of commas and semicolons. */
export function encodeHosts(hosts: readonly string[]): string {
  const names = [...new Set(hosts)]
  const index = new Map(names.map((name, at) => [name, at]))
  return `${names.join(',')};${encodeRuns(hosts.map((name) => index.get(name) ?? 0))}`
}

function encodeRuns(indices: readonly number[]): string {
  const runs: { text: string; times: number }[] = []
  for (let at = 0; at < indices.length; ) {
    const first = indices[at]
    let last = first
    let times = 1
    if (indices[at + 1] === first) while (indices[at + times] === first) times++
    else while (indices[at + 1 + last - first] === last + 1) last++
    at += times + last - first
    const text = first === last ? `${first}` : `${first}-${last}`
    const before = runs.at(-1)
    if (before?.text === text) before.times += times
    else runs.push({ text, times })
  }
  return runs.map(({ text, times }) => (times === 1 ? text : `${text}x${times}`)).join(',')
}

/** The hosts of `size` ranks. Throws StateError where the word is not for so many. */
export function decodeHosts(word: string, size: number): string[] {
  const wrong = (): never => {
    throw new StateError(`'${word.slice(0, 100)}' does not tell the hosts of ${size} ranks`)
  }
  const [names, runs = ''] = word.split(';').map((part) => part.split(','))
  const hosts: string[] = []
  for (const run of runs) {
    const [, first, last = first, times = '1'] = /^(\d{1,9})(?:-(\d{1,9}))?(?:x(\d{1,9}))?$/.exec(run) ?? wrong()
    const part = names.slice(Number(first), Number(last) + 1)
    if (part.length !== Number(last) - Number(first) + 1 || hosts.length + part.length * Number(times) > size) wrong()
    for (let n = 0; n < Number(times); n++) hosts.push(...part)
  }
  return hosts.length === size && !hosts.includes('') ? hosts : wrong()
}
