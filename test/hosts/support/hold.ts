// A run that is killed while it has hosts: makes some, says which, and waits.
import { Cluster } from './cluster.js'

const cluster = await Cluster.create(1)
console.log(JSON.stringify({ folder: cluster.folder, pids: cluster.all.map(({ pid }) => pid) }))
setInterval(() => {}, 60_000)
