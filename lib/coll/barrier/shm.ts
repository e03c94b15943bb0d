// Barrier on a board: every rank publishes that it is here, and waits until all have.
//
// One publication and n - 1 looks a rank, no message.
import { BoardCall } from '../drive-board.js'

export class BarrierOnBoard extends BoardCall {
  protected write(): void {}

  finish(): void {}
}
