// What srun prints, and which node it is about.
import t from 'tap'
import { SrunWords } from '../../launcher/spawn/srun-words.js'

void t.test('a task is known to be of a node once srun names both', async (t) => {
  const words = new SrunWords()
  t.same(words.hear('srun: cluster configuration lacks support for cpu binding'), [])
  t.same(words.hear('1: not installed'), [])
  t.same(words.hear(' 0: killed by a stranger: 9'), [])
  t.same(words.about('n1'), ['srun: cluster configuration lacks support for cpu binding', 'not installed', 'killed by a stranger: 9'], 'anybody may have said it')
  t.same(words.hear('srun: error: N2: task 1: Exited with exit code 127'), ['n2'])
  t.same(words.about('n2'), ['srun: cluster configuration lacks support for cpu binding', 'not installed', 'killed by a stranger: 9', 'srun: error: N2: task 1: Exited with exit code 127'])
  t.same(words.about('n1'), ['srun: cluster configuration lacks support for cpu binding', 'killed by a stranger: 9'])
})

void t.test('several nodes at a time', async (t) => {
  const words = new SrunWords()
  t.same(words.hear('srun: error: n[1-2,4]: tasks 0-1,3: Killed'), ['n1', 'n2', 'n4'])
  for (const task of [0, 1, 2, 3]) words.hear(`${task}: I am ${task}`)
  t.same(words.about('n4').slice(1), ['I am 2', 'I am 3'], 'its own, and those of nobody known')
  t.same(words.about('n3'), ['I am 2'])
})

void t.test('no line of a task, and none that is no list, ends another', async (t) => {
  const words = new SrunWords()
  for (const line of ['0: srun: error: n2: task 1: Killed', 'srun: error: n[2: task 1: Killed', 'srun: error: n2: Killed', 'srun: error: : tasks : x', '']) {
    t.same(words.hear(line), [], line)
  }
})

void t.test('only so much is kept', async (t) => {
  const words = new SrunWords()
  for (let i = 0; i < 1000; i++) words.hear(`${i} `.repeat(1000))
  t.ok(words.about('n1').join('').length <= 200_000)
})
