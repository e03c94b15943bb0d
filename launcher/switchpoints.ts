// The file of the user's own switch points: read here once, and handed to all ranks, which then agree.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ENV } from '../lib/env.js'
import { LaunchError } from '../lib/errors.js'

/** Linux takes 128 KiB for one variable of the environment. */
const MOST_BYTES = 120_000

/** What goes into the environment of the ranks. Throws LaunchError. What the rows say is checked by the ranks. */
export function readSwitchPoints(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const name = env[ENV.SWITCH_POINTS] ?? ''
  if (name === '') return {}
  // A job that a rank of another job starts: the file has been read.
  if (name.startsWith('{')) return { [ENV.SWITCH_POINTS]: name }
  const text = compact(name)
  if (text.length > MOST_BYTES) throw wrong(name, `is larger than ${MOST_BYTES} bytes`)
  return { [ENV.SWITCH_POINTS]: text }
}

function compact(name: string): string {
  let text: string
  try {
    text = readFileSync(resolve(name), 'utf8')
  } catch (error) {
    throw wrong(name, `cannot be read: ${(error as Error).message}`)
  }
  try {
    const whole: unknown = JSON.parse(text)
    const rows = (whole as { switchPoints?: unknown } | null)?.switchPoints
    if (!Array.isArray(rows)) throw new Error('no array "switchPoints"')
    return JSON.stringify({ switchPoints: rows as unknown[] })
  } catch (error) {
    throw wrong(name, `is not what \`npm run tune -- --json\` writes: ${(error as Error).message}`)
  }
}

const wrong = (name: string, why: string): LaunchError => new LaunchError(`${ENV.SWITCH_POINTS}=${name} ${why}`)
