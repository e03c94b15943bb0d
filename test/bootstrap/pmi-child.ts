// Opens PMI on descriptor 3 + i for each exchange i of its argument, does what is asked, and prints what came of it.
import { openPmi } from '../../lib/bootstrap/pmi.js'
import type { Pmi } from '../../lib/bootstrap/pmi-wire.js'

interface Exchange {
  version: 1 | 2
  jobId?: string
  calls: [name: 'put' | 'get' | 'fence' | 'finalize' | 'fenceLater', ...args: string[]][]
}

const fenceLater = (pmi: Pmi): Promise<void> =>
  new Promise((resolve, reject) => {
    pmi.fenceLater((error) => (error ? reject(error) : resolve()))
  })

const exchanges = JSON.parse(process.argv[2]!) as Exchange[]
const results: unknown[] = []
setInterval(() => {}, 1000)
for (const [i, { version, jobId, calls }] of exchanges.entries()) {
  let pmi: Pmi | undefined
  try {
    pmi = openPmi({ fd: 3 + i, rank: 0, size: 2, jobId, version, onLost: () => {} })
    const said: unknown[] = [pmi.version, pmi.job, pmi.valueBytes]
    for (const [name, key = '', value = ''] of calls) {
      if (name === 'fenceLater') await fenceLater(pmi)
      else if (name === 'finalize') pmi.finalize()
      else said.push(name === 'fence' ? pmi.fence(key) : name === 'put' ? pmi.put(key, value) : pmi.get(key))
    }
    results.push({ said })
    pmi.abort(9, 'in the end')
  } catch (error) {
    pmi?.abort(9, 'in the end')
    results.push({ error: `${(error as Error).name}: ${(error as Error).message}` })
  }
}
console.log(JSON.stringify(results))
process.exit(0)
