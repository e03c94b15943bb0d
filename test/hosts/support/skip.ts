// Why a file of tests cannot run here, said once.
import { whyNoSlurm } from './slurm.js'
import { whyNoHosts } from './tools.js'

/** For tap's `skip`; the reason is printed too, since tap shows it in the tests of each file only. */
export const hostsOrSkip = (what: string): string | false => said(what, whyNoHosts())

export const slurmOrSkip = (what: string): string | false => said(what, whyNoHosts() ?? whyNoSlurm())

function said(what: string, reason: string | undefined): string | false {
  if (reason === undefined) return false
  console.log(`# ${what}: skipped, ${reason}`)
  return reason
}
