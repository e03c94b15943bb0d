// Start-up: a job of so many ranks from the command to its end, with one barrier; and what importing tsmpi takes.
import { compile, file, hasMpirun, mpirun, MPI4PY, OPEN_MPI, OURS, pythonWith, tsmpirun } from '../contenders.js'
import type { Outcome, Settings } from '../turns.js'
import type { Command } from '../session.js'
import { runToEnd } from './programs.js'

export const BARE = 'bare node'

/** Milliseconds of each command, in turn; the first round is not counted. */
async function takeTurns(
  commands: Record<string, Command>,
  rounds: number,
  value: (command: Command) => Promise<number>,
): Promise<{ values: Record<string, number[]>; failures: string[] }> {
  const values: Record<string, number[]> = {}
  const failures: string[] = []
  for (let round = 0; round <= rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      if (failures.some((line) => line.startsWith(name))) continue
      try {
        const milliseconds = await value(command)
        if (round > 0) (values[name] ??= []).push(milliseconds)
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`)
      }
    }
  }
  return { values, failures }
}

export async function measureStartup(ranks: number, peers: boolean, { rounds }: Settings): Promise<Outcome> {
  const commands: Record<string, Command> = {
    [OURS]: tsmpirun(ranks, file('ours/start.mjs')),
    [BARE]: { file: process.execPath, args: ['-e', '0'] },
    ...(peers && hasMpirun() ? peerCommands(ranks) : {}),
  }
  const { values, failures } = await takeTurns(commands, rounds, async (command) => (await runToEnd(command)).elapsed)
  return {
    measured: [{ family: 'startup', ranks, bytes: 0, values }],
    failures: failures.map((line) => `startup, ${ranks} ranks, ${line}`),
  }
}

function peerCommands(ranks: number): Record<string, Command> {
  const c = compile('mpicc', 'start.c')
  const python = pythonWith('mpi4py')
  return {
    ...(python === undefined ? {} : { [MPI4PY]: mpirun(ranks, python, file('peers/start_mpi4py.py')) }),
    ...('program' in c ? { [OPEN_MPI]: mpirun(ranks, c.program) } : {}),
  }
}

export async function measureImport({ rounds }: Settings): Promise<Outcome> {
  const commands = [
    { file: process.execPath, args: [file('ours/import.mjs')] },
    tsmpirun(1, file('ours/import.mjs')),
  ]
  const measured = []
  const failures: string[] = []
  for (const [bytes, command] of commands.entries()) {
    const read = async (command: Command): Promise<number> => Number((await runToEnd(command)).output)
    const turns = await takeTurns({ [OURS]: command }, 2 * rounds, read)
    measured.push({ family: 'import', ranks: 1, bytes, values: turns.values })
    failures.push(...turns.failures)
  }
  return { measured, failures: failures.map((line) => `import, ${line}`) }
}
