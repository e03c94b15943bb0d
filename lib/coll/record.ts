// Runs a schedule without data: since rounds never depend on what was received, this gives all of them.
import type { Algorithm, Shape, Step } from './schedule.js'

/** The steps of every round of one rank. */
export function record(run: Algorithm, shape: Shape): Step[][] {
  const rounds: Step[][] = []
  for (const round of run(shape)) rounds.push(round.steps.slice(0, round.length).map((step) => ({ ...step })))
  return rounds
}
