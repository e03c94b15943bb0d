// Listens, says nothing, accepts everything: an ssh server that hangs.  forever.mjs PORT
import { createServer } from 'node:net'

createServer(() => {}).listen(Number(process.argv[2]), () => console.log('listens'))
