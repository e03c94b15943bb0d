// A process that nobody launched, and what is said where a foreign launcher started it.
import t from 'tap'
import { foreignLauncher, singleton } from '../../lib/bootstrap/singleton.js'

void t.test('a world of one', async (t) => {
  t.match(singleton(), { rank: 0, size: 1, transport: 'auto', eagerLimit: 16384 })
  t.equal(singleton().control, undefined)
})

void t.test('foreign launchers', async (t) => {
  t.equal(foreignLauncher({}), undefined)
  const openMpi = { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '0', PMIX_RANK: '0' }
  t.match(foreignLauncher(openMpi), /Open MPI as one of 4.*world of its own.*npx tsmpirun -n 4 program\.js/)
  t.match(foreignLauncher({ PMI_SIZE: '2', PMI_RANK: '0' }), /Hydra/)
  const step = { SLURM_NTASKS: '8', SLURM_PROCID: '0', SLURM_STEP_ID: '0' }
  t.match(foreignLauncher(step), /Slurm as one of 8/)
  t.match(foreignLauncher({ SLURM_NTASKS: '8', SLURM_PROCID: '0', SLURM_STEPID: '3' }), /Slurm as one of 8/, 'an older name')
  t.match(foreignLauncher({ PMIX_RANK: '0' }), /PMIx, which/)
  t.equal(foreignLauncher({ ...openMpi, OMPI_COMM_WORLD_RANK: '3' }), undefined, 'the first process speaks for all')
  t.equal(foreignLauncher({ ...step, SLURM_PROCID: '1' }), undefined)
  t.equal(foreignLauncher({ ...step, SLURM_NTASKS: '1' }), undefined)
  t.equal(foreignLauncher({ SLURM_NTASKS: '8', SLURM_PROCID: '0' }), undefined, 'the script of sbatch')
  for (const own of ['4294967291', '4294967290', '4294967294', 'batch']) {
    t.equal(foreignLauncher({ ...step, SLURM_STEP_ID: own }), undefined, "one of Slurm's own steps")
  }
  t.match(foreignLauncher({ SLURM_NTASKS: '8', SLURM_PROCID: '0', PMI_RANK: '0', PMI_SIZE: '8' }), /Hydra/)
  t.equal(foreignLauncher({ SLURM_NTASKS: '8' }), undefined, 'an allocation, but no srun')
})
