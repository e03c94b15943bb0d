// Where ranks run, by the real tsmpirun: what it shows, what it runs, what it refuses.
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { fixture, runJob } from './run.js'

const table = (text: string): string[] => text.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | '))
const NO_BATCH = { SLURM_JOB_NODELIST: '', SLURM_NODELIST: '', PBS_NODEFILE: '', PE_HOSTFILE: '', LSB_DJOB_HOSTFILE: '', LSB_HOSTS: '' }
const run = (args: string[], env: Record<string, string> = {}) => runJob(args, { env: { ...NO_BATCH, ...env } })

void t.test('--dry-run shows hosts and ranks', async (t) => {
  const hosts = join(t.testdir({ hosts: 'joe@n[1-2] slots=2\nlocalhost:1 # here\nn3 max_slots=4 port=22\n' }), 'hosts')
  const { code, stdout, stderr } = await run(['--dry-run', '--hostfile', hosts, '--map-by', 'node', '--wdir', '/', 'echo', 'x'])
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.same(table(stdout), [
    'Host | Slots | At most | Ranks | Which',
    'joe@n1 | 2 | 2 | 0,4',
    'joe@n2 | 2 | 2 | 1,5',
    'localhost | 1 | 1 | 2',
    'n3 port 22 | 1 | 4 | 1 | 3',
    '',
    'Rank | Host | Local rank | Directory | Command',
    ...['n1', 'n2', 'localhost', 'n3', 'n1', 'n2'].map((host, rank) => `${rank} | ${host} | ${rank < 4 ? 0 : 1} | / | ${stdout.match(/\S*\/echo/)?.[0]} x`),
    '',
  ])
})

void t.test('an allocation gives the number of ranks; this machine may be part of it', async (t) => {
  const slurm = { SLURM_JOB_NODELIST: `${hostname()},other`, SLURM_TASKS_PER_NODE: '3,2' }
  const map = await run(['--dry-run', 'echo'], slurm)
  t.match(map.stdout, /\nother +2 +2 +3-4\n/)
  const { code, stdout, stderr } = await run(['-H', hostname(), fixture('print.mjs')], slurm)
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.same(stdout.trim().split('\n').sort(), [0, 1, 2].map((rank) => `rank ${rank} of 3`))
})

void t.test('a host without ranks is not asked for anything', async (t) => {
  const { code, stdout, stderr } = await run(['--display-map', '-n', '1', '-H', 'localhost,n[1-3]:2', '--rsh', 'false', 'echo', 'x'])
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.match(stdout, /^Host .*\n(.*\n){4}\nRank .*\n(.*\n)x\n$/)
})

void t.test('more ranks than slots of named hosts: a warning, under the map too; refused with --nooversubscribe', async (t) => {
  const meant = 'where that is meant, give as many slots as ranks'
  const two = ['-n', '2', '-H', 'localhost', 'echo', 'x']
  const bare = `warning: host localhost has 1 slot (no number was given) and runs 2 ranks; ${meant}\n`
  t.same(await run(two), { code: 0, signal: null, stdout: 'x\nx\n', stderr: `tsmpirun: ${bare}` })
  const map = await run(['--dry-run', ...two])
  t.match(map, { code: 0, stderr: '' })
  t.ok(map.stdout.endsWith(`\n\n${bare}`), map.stdout)
  const dry = async (args: string[], env: Record<string, string> = {}): Promise<string> =>
    /\nwarning: (.*)\n/.exec((await run(['--dry-run', ...args, 'echo'], env)).stdout)?.[1] ?? ''
  const several = 'host a has 2 slots and runs 4 ranks, and so it is with 1 more host'
  t.equal(await dry(['-n', '8', '-H', 'a:2,b:2']), `${several}; ${meant}`)
  t.equal(await dry(['-n', '8'], { SLURM_JOB_NODELIST: 'a,b', SLURM_TASKS_PER_NODE: '2(x2)' }), `${several}; ${meant}`)
  t.equal(await dry(['-H', 'a:2', '-N', '3']), `host a has 2 slots and runs 3 ranks; ${meant}`)
  t.equal(await dry(['-H', 'a:2,b', '-n', '3']), '')
  t.equal(await dry(['-H', 'a,b', '-N', '3']), '', 'nobody has said how many slots')
  t.match(await run(['-n', '9', 'true']), { code: 0, stderr: '' }, 'slots that are no more than processors')
  t.match(await run(['-n', '999', '--dry-run', '--verbose', 'true']), { code: 0, stdout: /^((?!warning)[^])*$/ })
  const refused = await run(['--nooversubscribe', ...two])
  t.match(refused, { code: 1, stdout: '', stderr: 'tsmpirun: --nooversubscribe: host localhost has 1 slot (no number was given) and would run 2 ranks\n' })
  t.match(await run(['--nooversubscribe', '-n', '65536', 'echo']), { code: 1, stderr: /has \d+ slots? and would run 65536 ranks/ })
})

void t.test('what is wrong with a hostfile', async (t) => {
  const folder = t.testdir({ hosts: 'a slots=2\nb slot=2\n' })
  const wrong = await runJob(['--hostfile', 'hosts', 'echo'], { cwd: folder, env: NO_BATCH })
  t.match(wrong, { code: 1, stderr: /^tsmpirun: hosts:2:3: unknown key 'slot'/ })
  const missing = await runJob(['--hostfile', 'none', 'echo'], { cwd: folder, env: NO_BATCH })
  t.match(missing, { code: 1, stderr: /^tsmpirun: --hostfile none cannot be read: ENOENT/ })
  t.match(await run(['-n', '2', '--inspect-rank', '2', 'x.js']), { code: 2, stderr: /^tsmpirun: --inspect-rank 2: expected an integer from 0 to 1\n/ })
})
