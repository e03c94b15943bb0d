// Hostfiles: what each launcher's users write, and what trips other launchers.
import { join } from 'node:path'
import t from 'tap'
import type { Host } from '../../../launcher/hosts/host.js'
import { parseHostfile, readHosts } from '../../../launcher/hosts/hostfile.js'

/** `a:2` is a host with two slots, `a:2/4` one with four at most. */
const brief = ({ name, slots, maxSlots, user, port }: Host): string =>
  `${user === undefined ? '' : `${user}@`}${name}:${slots}${maxSlots === undefined ? '' : `/${maxSlots}`}${port === undefined ? '' : ` port ${port}`}`

const good: [what: string, text: string, hosts: string[]][] = [
  ['a plain list', 'a\nb\nc\n', ['a:1', 'b:1', 'c:1']],
  ['slots=N', 'a slots=4\nb slots=2\n', ['a:4', 'b:2']],
  ['its other names', 'a cpu=4\nb count=2\n', ['a:4', 'b:2']],
  ['blanks around =', 'a slots = 4 max_slots= 5\n', ['a:4/5']],
  ['max_slots=, four ways', 'a slots=2 max_slots=4\nb max-slots=3\nc slots_max=3\nd slots-max=1', ['a:2/4', 'b:1/3', 'c:1/3', 'd:1/1']],
  ['port= and user=', 'a slots=2 port=2222 username=joe\nb user=ann\n', ['joe@a:2 port 2222', 'ann@b:1']],
  ['user@host', 'joe@a slots=2\nann@b:3\n', ['joe@a:2', 'ann@b:3']],
  ['host:N', 'a:4\nb\nc:2\n', ['a:4', 'b:1', 'c:2']],
  ['host:N after a domain, which Open MPI drops', 'node01.x.org:4\n', ['node01.x.org:4']],
  ['a repeated bare host', 'a\na\nb\na\n', ['a:3', 'b:1']],
  ['duplicates add up, in the order of their first lines', 'b:2\na slots=1\nB slots=3\n', ['b:5', 'a:1']],
  ['the limits of duplicates add up', 'a slots=2 max_slots=3\na slots=1 max_slots=1\na max_slots=4', ['a:4/8']],
  ['a line without a limit adds none to it', 'a slots=1\na max_slots=4\nb max_slots=3\nb:2', ['a:2/4', 'b:3/3']],
  ['a name with and without its domain', 'a\na.x.org:2\nA.X\nb.x.org\nb', ['a:4', 'b.x.org:2']],
  ['one name in two domains', 'a.x.org\na.y.org\na.x.org', ['a.x.org:2', 'a.y.org:1']],
  ['a dot for the root of all domains', 'a.x.org.:2\na.x.org slots=1\nb.', ['a.x.org:3', 'b:1']],
  ['duplicates complete each other', 'a:1\njoe@a:1 port=22\n', ['joe@a:2 port 22']],
  ['comment lines', '# one\n// two\n/* three */\na\n', ['a:1']],
  ['comments at the end of a line, which are fatal to Hydra', 'a:2 # two\nb slots=2 // too\nc /* and */ slots=3\n', ['a:2', 'b:2', 'c:3']],
  ['a comment without a blank before it', 'a:2#two\n', ['a:2']],
  ['a comment over lines', 'a /* b\nc\n d */ e slots=2\nf', ['a:1', 'e:2', 'f:1']],
  ['a last comment without newline, which Open MPI does not take', 'a\n# end', ['a:1']],
  ['a last line without newline', 'a\nb slots=2', ['a:1', 'b:2']],
  ['CRLF', 'a slots=2\r\nb:3\r\n# c\r\n', ['a:2', 'b:3']],
  ['a byte-order mark', '\uFEFFa slots=2\nb', ['a:2', 'b:1']],
  ['empty lines, blanks and tabs', '\n  a\tslots=2  \n\n\t\n b ', ['a:2', 'b:1']],
  ['IPv6 with and without N', '[fe80::1]:4\n[::1]\nfe80::2\nfe80::3 slots=2\n[2001:db8::a:1]\n1:2:3:4:5:6:7:8\n', ['fe80::1:4', '::1:1', 'fe80::2:1', 'fe80::3:2', '2001:db8::a:1:1', '1:2:3:4:5:6:7:8:1']],
  ['IPv6 with keys', '[fe80::1]:4 port=2222\nfe80::2 port=22 max_slots=2\n', ['fe80::1:4 port 2222', 'fe80::2:1/2 port 22']],
  ['host:N with keys, as Hydra has them', 'a:2 max_slots=4\nb:3 user=joe\nc:1 port=22\n', ['a:2/4', 'joe@b:3', 'c:1 port 22']],
  ['keys in capitals', 'a Slots=2 MAX_SLOTS=3\n', ['a:2/3']],
  ['a carriage return alone', 'a:2\rb slots=3\r', ['a:2', 'b:3']],
  ['short names that are digits, beside addresses', '10\n10.0.0.1\n', ['10:1', '10.0.0.1:1']],
  ['IPv6 with user', 'joe@[fe80::1]:4\nann@fe80::2\n', ['joe@fe80::1:4', 'ann@fe80::2:1']],
  ['IPv6 with a zone', '[fe80::1%eth0]:2', ['fe80::1%eth0:2']],
  ['IPv4', '10.0.0.1:2\n10.0.0.[2-3]\n', ['10.0.0.1:2', '10.0.0.2:1', '10.0.0.3:1']],
  ['groups, as Intel has them', 'hostA[01-03],hostB\n', ['hostA01:1', 'hostA02:1', 'hostA03:1', 'hostB:1']],
  ['brackets with N and keys', 'n[1-2]:3\nm[1,3] slots=2 max_slots=2\n', ['n1:3', 'n2:3', 'm1:2/2', 'm3:2/2']],
  ['several brackets and a suffix', 'rack[1-2]n[0-1]-ib:2', ['rack1n0-ib:2', 'rack1n1-ib:2', 'rack2n0-ib:2', 'rack2n1-ib:2']],
  ['names with _ and digits first', 'my_host\n3com:2\n', ['my_host:1', '3com:2']],
]

void t.test('what is understood', async (t) => {
  for (const [what, text, hosts] of good) t.same(parseHostfile(text, 'hosts').map(brief), hosts, what)
})

const bad: [what: string, text: string, message: string | RegExp][] = [
  ['an unknown key', 'a\nb slot=2\n', "hosts:2:3: unknown key 'slot': expected slots=N, max_slots=N, port=N or user=NAME"],
  ['a bare word after the host, which Open MPI ignores', 'a slots', /^hosts:1:3: 'slots' after the host: expected/],
  ['two hosts in a line', 'a  b', /^hosts:1:4: 'b' after the host/],
  ['N that is no number, which Hydra reads as 0', 'a\nab:x', "hosts:2:4: 'x' is not an integer from 1 to 65536"],
  ['N = 0', 'a:0', /^hosts:1:3: '0' is not an integer/],
  ['no N', 'a:', /^hosts:1:3: '' is not an integer/],
  ['slots that are no number', '  a slots=4x', "hosts:1:11: slots=4x: '4x' is not an integer from 1 to 65536"],
  ['no slots', 'a slots=  # none', /^hosts:1:9: slots=: '' is not/],
  ['negative slots', 'a slots = -1', /^hosts:1:11: slots=-1:/],
  ['slots twice', 'a slots=1 slots=2', 'hosts:1:11: slots= given twice'],
  ['slots by two names', 'a slots=1 cpu=2', 'hosts:1:11: cpu= given twice'],
  ['slots in both ways', 'a:1 slots=2', 'hosts:1:5: slots given twice'],
  ['user in both ways', 'joe@a user=ann', 'hosts:1:7: user given twice'],
  ['max_slots below slots', 'a\n/* */ b slots=4 max_slots=2', 'hosts:2:17: max_slots=2 is less than its 4 slots'],
  ['max_slots below the slots of all lines', 'a slots=4\nb\na max_slots=2', 'hosts:3:1: a has 5 slots in all, which is more than its max_slots=2'],
  ['a port beyond all ports', 'a port=65536', /^hosts:1:8: port=65536/],
  ['a user that is none', 'a user=-x', "hosts:1:8: user=-x: '-x' is not the name of a user"],
  ['a key that objects have', 'a constructor=1', /^hosts:1:3: unknown key 'constructor'/],
  ["Hydra's binding", 'a binding=user:0', 'hosts:1:3: binding= is not understood: use --bind-to'],
  ['a user with a blank or an option for a name', '-oProxyCommand=x@a', /^hosts:1:1: /],
  ['an option for a user', '-x@a', "hosts:1:1: '-x' is not the name of a user"],
  ['an option for a host', '-x', "hosts:1:1: '-x' is not the name of a host"],
  ['a shell for a host', 'a;reboot', /^hosts:1:1: 'a;reboot' is not the name of a host/],
  ['a key without a host', 'slots=4', /^hosts:1:1: 'slots=4': the line must begin with a host/],
  ['IPv6 with N but no brackets', 'fe80::1::4', /hosts:1:1: 'fe80::1:' is not the name of a host; an IPv6 address .* \[address\]:N/],
  ['IPv6 that may end in N', 'a\nfe80::a:4', "hosts:2:1: 'fe80::a:4' can be read in two ways: write [fe80::a]:4, or [fe80::a:4] without a number of slots"],
  ['two numbers of slots', 'ab:2:3', "hosts:1:1: 'ab:2' is not the name of a host; one number of slots may follow a name"],
  ['a blank before N', 'a: 4', /^hosts:1:4: '4' after the host: expected slots=N/],
  ["--host's choice of a host by its number", 'a\n+n0', "hosts:2:1: '+n0' is not the name of a host"],
  ['two dots at the end of a name', 'a..', "hosts:1:1: 'a.' is not the name of a host"],
  ['a name that two domains have', 'a.x.org\na.y.org\n  a', 'hosts:3:3: which of a, a.x.org, a.y.org are one host? Write each with its domain'],
  ['the same, the short name first', 'a\na.x.org\na.y.org', 'hosts:3:1: which of a.y.org, a, a.x.org are one host? Write each with its domain'],
  ['a broken IPv6 address', '[fe80::x]:4', 'hosts:1:1: fe80::x is not an IPv6 address'],
  ['an unclosed bracket', 'a\nn[1-2\n', 'hosts:2:2: an opening bracket without a closing one'],
  ['a stray bracket', 'n1-2]', 'hosts:1:5: a closing bracket without an opening one'],
  ['lo > hi in a list', 'a,n[5-4]', 'hosts:1:5: 5 is more than 4'],
  ['an empty name in a list', 'a,,b', 'hosts:1:3: a name is missing'],
  ['a blank in a list', 'a, b', 'hosts:1:3: a name is missing'],
  ['two users of one host', 'joe@a\nann@a', 'hosts:2:1: a has user joe above and user ann here'],
  ['two ports of one host', 'a port=1\na port=2', 'hosts:2:1: a has port 1 above and port 2 here'],
  ['a comment without end', 'a\n/* b\nc', 'hosts:2:1: a comment begins with /* and does not end'],
  ['a comment without end after a host', 'a\nbb  /* x', 'hosts:2:5: a comment begins with /* and does not end'],
  ['a comment without end after one with', '/* a\n*/ b /* c */ /* d', 'hosts:2:14: a comment begins with /* and does not end'],
  ['too many', 'n[1-99999999]', /^hosts:1:3: more than 65536 names/],
  ['too many over lines', 'n[1-65536]\nm', 'hosts:2:1: more than 65536 names'],
  ['too many over lines, the same each time', 'n[1-40000]\nn[1-40000]', 'hosts:2:1: more than 65536 names'],
  ['too many in a line', 'n[1-40000],m[1-40000]', 'hosts:1:12: more than 65536 names'],
  ['nothing', '', 'hosts: it names no host'],
  ['comments only', '# a\n', 'hosts: it names no host'],
]

void t.test('a line for each of many slots', async (t) => {
  const lines = Array.from({ length: 70_000 }, (_, index) => `n${index % 100}`)
  t.equal(parseHostfile(lines.join('\n'), 'hosts')[99]?.slots, 700)
})

void t.test('what is refused', async (t) => {
  for (const [what, text, message] of bad) t.throws(() => parseHostfile(text, 'hosts'), { code: 'TSMPI_LAUNCH', message }, what)
})

void t.test('any text is either understood or refused in words', async (t) => {
  const parts = ['a', 'n', '1', '0', '9-', '[', ']', ',', ':', '::', '@', '=', 'slots=', 'max_slots=2', ' ', '\n', '\r', '#', '/*', '*/', '//', '-', '%', '.', '\uFEFF', 'ä', '+n0']
  let state = 1
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  let understood = 0
  for (let n = 0; n < 20_000; n++) {
    const text = Array.from({ length: 1 + random(12) }, () => parts[random(parts.length)]).join('')
    try {
      const hosts = parseHostfile(text, 'f')
      understood++
      if (!hosts.every(({ name, slots }) => /^\w[\w.:%-]*$|^::/.test(name) && slots >= 1)) t.fail(JSON.stringify([text, hosts]))
    } catch (error) {
      if (!/^f(:\d+:\d+)?: ./.test((error as Error).message)) t.fail(`${JSON.stringify(text)}: ${String(error)}`)
    }
  }
  t.ok(understood > 500, String(understood))
})

void t.test('files', async (t) => {
  const folder = t.testdir({ binary: 'a\0b' })
  t.throws(() => readHosts(join(folder, 'none'), '--hostfile none'), { message: /^--hostfile none cannot be read: ENOENT/ })
  t.throws(() => readHosts(folder, '--hostfile .'), { message: /^--hostfile \. cannot be read: EISDIR/ })
  t.throws(() => readHosts(join(folder, 'binary'), 'it'), { message: 'it is not a text with names of hosts' })
})
