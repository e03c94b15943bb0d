// What a rank knows of its job at import, whoever started it.
import type { TransportChoice } from '../env.js'
import type { FromRank, SentFrames, ToRank } from '../wire/control.js'

/** The rank's end of the socket to its agent. */
export interface Control {
  /** Synchronous, so that it works in exit handlers. Does nothing once the agent is gone. */
  send(message: FromRank): void
  /** Sets the one listener; messages that came before are delivered first. The socket never keeps the process alive. */
  listen(listener: (message: ToRank) => void): void
  /** While on, the socket keeps the process alive: for a rank that waits for 'finalized'. Off at first. */
  keepAlive(on: boolean): void
  /** Sets who counts the frames sent, for a rank that exits without having sent 'finalize'. */
  onLeaving(sent: () => SentFrames): void
}

export interface Job {
  readonly rank: number
  readonly size: number
  /** The host of each rank; ranks whose hosts have the same name are on the same one. */
  readonly hosts: readonly string[]
  /** How many processors the ranks of this host share, whatever this one is bound to. */
  readonly processors: number
  /** Ranks a processor on the fullest host, where the job has several: the same on all ranks. */
  readonly ranksPerCore?: number
  /** Of this host, to listen at: present where the job has ranks on others. */
  readonly address?: string
  /** Seconds within which the launcher notices that a host is lost, where it does. */
  readonly heartbeat?: number
  /** A socket that listens there already, if there is one; close-on-exec. */
  readonly listener?: number
  /** Where no secret is shared: this rank's secret key (X25519) and the public ones of all ranks, in hex. */
  readonly keys?: { readonly secretKey: string; readonly publicKeys: readonly string[] }
  readonly id: string
  readonly transport: TransportChoice
  /** In bytes. */
  readonly eagerLimit: number
  /** Absent in a world of one process without a launcher. */
  readonly control?: Control
  /** Present where the job uses shared memory; descriptors are close-on-exec. `doorbells` by local rank. */
  readonly segment?: { readonly fd: number; readonly doorbells: readonly number[] }
}
