// Barrier on a board: every rank publishes that it is here, and waits until all have.
//
// One publication and n - 1 looks a rank, no message.
import { EMPTY } from '../../data/types.js'
import { BoardCall } from '../drive-board.js'

export class BarrierOnBoard extends BoardCall {
  override type = EMPTY

  write(): void {}

  protected finish(): undefined {}
}
