// Starts agents on other hosts: by ssh, or what stands in for it, each by itself, or many by one step of srun.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { basename } from 'node:path'
import { ENV } from '../../lib/env.js'
import type { Branch, StartOptions, Tree } from '../../lib/wire/agent.js'
import { compressNodeList } from '../hosts/nodelist.js'

/** A command in two parts: what reaches a host, and what is run there. */
export interface RemoteCommand {
  reach: string[]
  run: string[]
}

type How = Pick<Tree, 'start' | 'heartbeat'>

/** An agent that speaks over its standard input and output. Nothing secret is among the words. */
export function remoteCommand({ start, heartbeat }: How, branch: Branch): RemoteCommand {
  const script = agentScript(start, 'greet', heartbeat)
  return start.by === 'srun' ? srunCommand(start, [branch], script) : rshCommand(start, branch, script)
}

/** Agents that connect to the root of the tree (tree/uplink.ts): one on each of the hosts, by one command. */
export function stepCommand({ start, heartbeat }: How, branches: readonly Branch[]): RemoteCommand {
  const { reach, run } = srunCommand(start, branches, agentScript(start, 'step', heartbeat))
  return { reach: [...reach, ...FOR_MANY], run }
}

/** What the tasks print is labelled; that one of them ends is no reason to end or wait for others. */
const FOR_MANY = ['--label', '--kill-on-bad-exit=0', '--wait=0']

function rshCommand(start: StartOptions, { name, user, port }: Branch, script: string): RemoteCommand {
  const options = basename(start.words[0]) === 'ssh' ? sshOptions(start) : []
  const login = user === undefined ? [] : ['-l', user]
  const at = port === undefined ? [] : ['-p', String(port)]
  const reach = [...start.words, ...options, ...login, ...at, name]
  return { reach, run: [`exec sh -c ${quoted(script)}`] }
}

/** Asks nobody for anything, and is the first to say that a host does not answer. What the user gives comes before it. */
const sshOptions = ({ timeout }: StartOptions): string[] =>
  ['-x', '-T', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${Math.max(1, Math.ceil(timeout) - 1)}`]

/** One step of one task on each node, with all that the job has there, beside other steps. */
function srunCommand(start: StartOptions, branches: readonly Branch[], script: string): RemoteCommand {
  const [count, nodes] = [branches.length, compressNodeList(branches.map(({ name }) => name))]
  const size = [`--nodes=${count}`, `--ntasks=${count}`, '--ntasks-per-node=1', `--nodelist=${nodes}`]
  const step = [...size, '--input=all', '--mpi=none', '--mem=0', '--cpu-bind=none', '--quiet']
  return { reach: [...start.words, ...step], run: ['sh', '-c', script] }
}

/** What the allocation asks for its own tasks is not for the agent's step. */
const NOT_FOR_STEPS = /^(SLURM|SRUN)_(CPUS_PER_TASK|NTASKS.*|MEM_.*|TRES_PER_TASK|EXACT|EXCLUSIVE|DISTRIBUTION|HINT|THREADS_PER_CORE|UNBUFFEREDIO|LABELIO)$/
/** As variables, since older versions, which share a node anyway, refuse options that they do not know. */
const FOR_STEPS = { SLURM_OVERLAP: '1', SLURM_WHOLE: '1' }

/** How an agent speaks with its parent: `greet` over its standard input and output, `step` over a connection of its own. */
type AgentMode = 'greet' | 'step'

/** For a POSIX shell. */
function agentScript({ node, agent }: StartOptions, mode: AgentMode, heartbeat: number): string {
  const file = quoted(agent)
  const missing = `tsmpi is not installed there: no ${agent}, see --prefix`
  return [
    `test -f ${file} || { echo ${quoted(missing)} >&2; exit 127; }`,
    `node=${quoted(node)}`,
    'test -x "$node" || node=node',
    `exec "$node" ${file} ${mode} ${heartbeat}`,
  ].join('; ')
}

/** For any login shell, csh too as long as there is no exclamation mark. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`

/** In a group of its own, so that it can be killed with what it has started, and Ctrl-C does not reach it. */
export function startRemoteAgent({ reach, run }: RemoteCommand, start: StartOptions, job: string): ChildProcess {
  const [file, ...args] = [...reach, ...run]
  // Found by it where whoever started it has been killed.
  const env: NodeJS.ProcessEnv = { ...process.env, [ENV.JOB]: job }
  if (start.by === 'srun') {
    for (const name of Object.keys(env)) if (NOT_FOR_STEPS.test(name)) delete env[name]
    Object.assign(env, FOR_STEPS)
  }
  return spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env })
}
