// A user's own switch points: what is taken, and what is said of what is not.
import t from 'tap'
import { parseSwitchPoints } from '../../lib/coll/table.js'

const rows = (...switchPoints: unknown[]): string => JSON.stringify({ switchPoints })

void t.test('rows are taken as they stand', async (t) => {
  const all = [
    { collective: 'bcast', crowded: true, maxSize: 5, maxBytes: 0, powerOfTwo: false, algorithm: 'chain' },
    { collective: 'bcast', algorithm: 'binomial' },
  ]
  t.same(parseSwitchPoints(rows(...all)), all)
  t.same(parseSwitchPoints('{"measuredOn": {}, "switchPoints": []}'), [])
})

void t.test('errors name the variable, the row and the field', async (t) => {
  const wrong: [string, RegExp][] = [
    ['own.json', /TSMPI_SWITCH_POINTS is not JSON .*set it for tsmpirun/],
    ['[]', /an array "switchPoints"/],
    ['null', /an array "switchPoints"/],
    ['{"switchPoints": {}}', /an array "switchPoints"/],
    [rows(7), /row 1 of "switchPoints" is not an object/],
    [rows(null), /row 1 of "switchPoints" is not an object/],
    [rows({ collective: 'bcast', algorithm: 'chain' }, { algorithm: 'chain' }), /row 2 .*"collective" is undefined, not one of barrier, /],
    [rows({ collective: 'toString', algorithm: 'chain' }), /"collective" is "toString"/],
    [rows({ collective: 'bcast' }), /row 1 .*bcast has no algorithm 'undefined'; it has: binomial, /],
    [rows({ collective: 'bcast', algorithm: 'ring' }), /bcast has no algorithm 'ring'/],
    [rows({ collective: 'bcast', algorithm: 'chain', maxByte: 1 }), /no condition "maxByte"; there are maxSize, maxBytes, /],
    [rows({ collective: 'bcast', algorithm: 'chain', constructor: 1 }), /no condition "constructor"/],
    [rows({ collective: 'bcast', algorithm: 'chain', maxSize: 0 }), /"maxSize" is 0, not a positive integer/],
    [rows({ collective: 'bcast', algorithm: 'chain', maxBytes: -1 }), /"maxBytes" is -1, not an integer from 0/],
    [rows({ collective: 'bcast', algorithm: 'chain', maxBytes: '8' }), /"maxBytes" is "8"/],
    [rows({ collective: 'bcast', algorithm: 'chain', crowded: 1 }), /"crowded" is 1, not true or false/],
  ]
  for (const [text, message] of wrong) t.throws(() => parseSwitchPoints(text), { name: 'ArgumentError', message }, text)
})
