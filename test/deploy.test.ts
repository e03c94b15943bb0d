// What lies in deploy/ and stands in docs/clusters.md: syntax, fields and their types as Kubernetes and Compose know them,
// names that must agree, that tsmpirun takes the commands and the hostfiles, and that the recipes run where docker and
// kubectl are stand-ins. No cluster is needed, and none is asked.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { parseHostfile } from '../launcher/hosts/hostfile.js'
import { parseOptions } from '../launcher/options.js'
import { runJob } from './launcher/run.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string): string => readFileSync(join(root, 'deploy', name), 'utf8')
const page = readFileSync(join(root, 'docs/clusters.md'), 'utf8')
const { files, bin, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as
  { files: string[]; bin: { tsmpirun: string }; version: string }
/** Its tag is not latest, or Kubernetes would ask a registry for it each time. */
const IMAGE = `tsmpi:${version}`
const hostsIn = (text: string): string[] => parseHostfile(text, 'hosts').map(({ name, slots }) => `${name}:${slots}`)

/** A field's type: fields of its own, in a list or not, or what a value must be. */
type Type = { fields: Fields; list: boolean } | string
type Fields = { [name: string]: Type }
type Data = Record<string, unknown>

const isText = (value: unknown): boolean => typeof value === 'string'
const VALUES: Record<string, (value: unknown) => boolean> = {
  string: isText,
  strings: (value) => Array.isArray(value) && value.every(isText),
  words: (value) => isText(value) || VALUES['strings']!(value),
  map: (value) => value !== null && typeof value === 'object' && !Array.isArray(value) && Object.values(value).every(isText),
  int: (value) => Number.isInteger(value),
  bool: (value) => typeof value === 'boolean',
  mode: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0o777,
  quantity: (value) => /^\d+(\.\d+)?(m|[KMGT]i?)?$/.test(String(value)),
  seconds: (value) => /^\d+(ms|s|m)$/.test(String(value)),
  nothing: (value) => value === null,
}

/** Every field of `data` must be among `known`, and of its type. */
function check(t: Test, data: unknown, known: Fields, at: string): void {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return void t.fail(`${at}: no fields`)
  for (const [name, value] of Object.entries(data)) {
    const place = `${at}.${name}`
    const type = known[name] ?? known['*']
    if (type === undefined) t.fail(`${place}: no such field`)
    else if (typeof type === 'string') checkValue(t, value, type, place)
    else if (!type.list) check(t, value, type.fields, place)
    else if (Array.isArray(value)) value.forEach((item, index) => check(t, item, type.fields, `${place}[${index}]`))
    else t.fail(`${place}: no list`)
  }
}

function checkValue(t: Test, value: unknown, type: string, place: string): void {
  const fits = type in VALUES ? VALUES[type]!(value) : type.split('|').includes(String(value))
  if (!fits) t.fail(`${place}: ${JSON.stringify(value)} is not ${type}`)
}

/** `a=int b(c=A|B) d[](e=string)`: an integer a, a field c with one of two values in b, and a list d of what has an e. */
function fields(text: string): Fields {
  const words = text.match(/[\w*]+(\[\])?(=[\w|]+)?|[()]/g) ?? []
  const level = (): Fields => {
    const known: Fields = {}
    while (words.length > 0 && words[0] !== ')') {
      const [, name, list, type] = /^([\w*]+)(\[\])?(?:=(.+))?$/.exec(words.shift()!)!
      if (type !== undefined) known[name!] = type
      else {
        if (words.shift() !== '(') throw new Error(`${name}: of which type?`)
        known[name!] = { fields: level(), list: list !== undefined }
        words.shift()
      }
    }
    return known
  }
  return level()
}

const PROBE = '(tcpSocket(port=int) exec(command=strings) periodSeconds=int failureThreshold=int)'
const POD = `(metadata(labels=map annotations=map) spec(subdomain=string restartPolicy=Always|OnFailure|Never
  securityContext(runAsUser=int runAsGroup=int fsGroup=int)
  containers[](name=string image=string imagePullPolicy=Always|IfNotPresent|Never command=strings args=strings
    ports[](name=string containerPort=int) readinessProbe${PROBE} startupProbe${PROBE} securityContext(runAsUser=int)
    resources(requests(cpu=quantity memory=quantity) limits(cpu=quantity memory=quantity))
    volumeMounts[](name=string mountPath=string readOnly=bool))
  volumes[](name=string secret(secretName=string defaultMode=mode) configMap(name=string defaultMode=mode))))`
const REPLICA = `(replicas=int restartPolicy=Always|OnFailure|Never|ExitCode template${POD})`
const KIND = 'apiVersion=string kind=string metadata(name=string)'
const KINDS: Record<string, Fields> = {
  'v1 Service': fields(`${KIND} spec(clusterIP=None publishNotReadyAddresses=bool selector=map)`),
  'v1 ConfigMap': fields(`${KIND} data=map`),
  'batch/v1 Job': fields(`${KIND} spec(completionMode=Indexed|NonIndexed completions=int parallelism=int backoffLimit=int
    activeDeadlineSeconds=int successPolicy(rules[](succeededIndexes=string succeededCount=int)) template${POD})`),
  'kubeflow.org/v2beta1 MPIJob': fields(`${KIND} spec(slotsPerWorker=int sshAuthMountPath=string
    launcherCreationPolicy=AtStartup|WaitForWorkersReady mpiImplementation=OpenMPI|Intel|MPICH runLauncherAsWorker=bool
    runPolicy(cleanPodPolicy=None|Running|All backoffLimit=int activeDeadlineSeconds=int ttlSecondsAfterFinished=int)
    mpiReplicaSpecs(Launcher${REPLICA} Worker${REPLICA}))`),
}
const COMPOSE = fields(`name=string services(*(image=string pull_policy=never|missing|build|always build(context=string
  dockerfile=string) volumes=strings init=bool command=words
  depends_on(*(condition=service_started|service_healthy|service_completed_successfully))
  healthcheck(test=words interval=seconds timeout=seconds retries=int))) volumes(*=nothing)`)

interface Container {
  name: string
  image: string
  imagePullPolicy: string
  command: string[]
  args?: string[]
  volumeMounts?: { name: string; mountPath: string }[]
}

interface Pod {
  subdomain?: string
  restartPolicy?: string
  containers: [Container]
  volumes?: { name: string; configMap?: { name: string }; secret?: { secretName: string; defaultMode: number } }[]
}

/** As kubectl reads them: by YAML 1.1, to which 0440 is octal. */
function documents(name: string): Data[] {
  return parseAllDocuments(read(name), { version: '1.1' }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${name}: ${document.errors.join('\n')}`)
    return document.toJS() as Data
  })
}

/** tsmpirun's words in a command line of a shell or a list. */
const wordsAfter = (words: string[], name: string): string[] => words.slice(words.indexOf(name) + 1)

async function takes(t: Test, words: string[], hostfile: string): Promise<void> {
  const options = await parseOptions(words, '0')
  if (typeof options === 'string') throw new Error(options)
  t.equal(options.hostfile, hostfile)
  t.ok(existsSync(join(root, options.apps[0]!.program)), options.apps[0]!.program)
}

/** The commands in a file's first comment. */
const recipeOf = (name: string): string => [...read(name).split(/^[^#]/m)[0]!.matchAll(/^# {3}(.*)$/gm)].map(([, line]) => line).join('\n')

/** Of jobs named as `job/NAME`. */
const jobsIn = (recipe: string): string[] => [...recipe.matchAll(/ job\/(\S+?)[;\s]/g)].map(([, name]) => name!)

/** Of `-l key=value,key=value`. */
const selectorsIn = (recipe: string): Data[] =>
  [...recipe.matchAll(/ -l ([^\s;]+)/g)].map(([, text]) => Object.fromEntries(text!.split(',').map((pair) => pair.split('='))) as Data)

/** Runs a recipe's lines by a shell; `kubectl` writes down its words and has no logs at first. */
async function runRecipe(t: Test, recipe: string): Promise<{ kubectl: string[][]; left: string }> {
  const folder = t.testdir({ bin: {}, tmp: {} })
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  write('kubectl', `for word; do case $word in *=${folder}/*) test -s "\${word##*=}" || exit 3;; esac; done
    echo "$*" >>${folder}/log; test "$1" != logs || test "$(grep -c '^logs' ${folder}/log)" -gt 1`)
  write('sleep', '')
  write('ssh-keygen', 'for file; do :; done; echo secret >"$file"; echo public >"$file.pub"')
  const env = { PATH: `${folder}/bin:${process.env['PATH']}`, TMPDIR: join(folder, 'tmp') }
  const { status, stderr } = spawnSync('sh', ['-ec', recipe], { cwd: root, env, encoding: 'utf8', timeout: 30_000 })
  t.equal(status, 0, stderr)
  const kubectl = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').map((line) => line.split(' '))
  for (const words of kubectl) if (words.includes('-f') && words[0] !== 'logs') t.ok(existsSync(join(root, words[words.indexOf('-f') + 1]!)), words.join(' '))
  return { kubectl, left: readdirSync(join(folder, 'tmp')).join(' ') }
}

function isOurs(t: Test, { image, imagePullPolicy }: Container): void {
  t.equal(image, IMAGE)
  t.equal(imagePullPolicy, 'IfNotPresent')
}

void t.test('the check of types finds what is wrong', async (t) => {
  const wrong = (data: unknown): string[] => {
    const found: string[] = []
    check({ fail: (message: string) => found.push(message) } as unknown as Test, data, KINDS['batch/v1 Job']!, 'Job')
    return found
  }
  t.same(wrong({ kind: 'Job', spec: { completions: 4, template: { spec: { containers: [{ name: 'a', command: ['b'] }] } } } }), [])
  t.same(wrong({ spec: { completions: '4', parallel: 4, completionMode: 'indexed' } }), [
    'Job.spec.completions: "4" is not int',
    'Job.spec.parallel: no such field',
    'Job.spec.completionMode: "indexed" is not Indexed|NonIndexed',
  ])
  t.same(wrong({ metadata: 'pi', spec: { template: { spec: { containers: { name: 'a' }, volumes: [{ secret: { defaultMode: 4400 } }] } } } }), [
    'Job.metadata: no fields',
    'Job.spec.template.spec.containers: no list',
    'Job.spec.template.spec.volumes[0].secret.defaultMode: 4400 is not mode',
  ])
})

for (const name of readdirSync(join(root, 'deploy/kubernetes'))) {
  void t.test(`kubernetes/${name}: fields and their types`, async (t) => {
    for (const data of documents(`kubernetes/${name}`)) {
      const kind = `${String(data['apiVersion'])} ${String(data['kind'])}`
      t.ok(kind in KINDS, kind)
      check(t, data, KINDS[kind]!, kind)
    }
  })
}

void t.test('the Indexed Job: its names agree', async (t) => {
  const [service, config, job] = documents('kubernetes/job.yaml') as [Data, Data, Data]
  const spec = job['spec'] as
    { completions: number; parallelism: number; completionMode: string; successPolicy: { rules: Data[] }; template: { spec: Pod } }
  const name = (job['metadata'] as { name: string }).name
  const pod = spec.template.spec
  t.equal(spec.completionMode, 'Indexed')
  t.equal(spec.parallelism, spec.completions, 'all hosts at a time')
  t.same((service['spec'] as Data)['selector'], { 'batch.kubernetes.io/job-name': name })
  t.equal((service['spec'] as Data)['clusterIP'], 'None')
  t.equal(pod.subdomain, (service['metadata'] as Data)['name'])
  const pods = Array.from({ length: spec.completions }, (_, index) => `${name}-${index}.${pod.subdomain}:2`)
  t.same(hostsIn((config['data'] as { hosts: string }).hosts), pods)
  const [container] = pod.containers
  const script = container.command.at(-1)!
  const last = script.trim().split('\n').at(-1)!.split(' ')
  await takes(t, wordsAfter(last, 'tsmpirun'), '/etc/tsmpi/hosts')
  t.match(script, `in ${Array.from({ length: spec.completions - 1 }, (_, index) => index + 1).join(' ')};`, 'all others are waited for')
  const mounts = Object.fromEntries(container.volumeMounts!.map((mount) => [mount.name, mount.mountPath]))
  t.same(mounts, { ssh: '/home/mpi/.ssh', hosts: '/etc/tsmpi' })
  t.same(pod.volumes!.map((volume) => volume.name).sort(), Object.keys(mounts).sort())
  t.equal(pod.volumes!.find((volume) => volume.configMap)!.configMap!.name, (config['metadata'] as Data)['name'])
  isOurs(t, container)
  t.equal(pod.restartPolicy, 'Never', 'what is started anew would find another tsmpirun, or none')
  const { secretName, defaultMode } = pod.volumes!.find((volume) => volume.secret)!.secret!
  t.equal(defaultMode, 0o440)
  const recipe = recipeOf('kubernetes/job.yaml')
  t.match(recipe, `create secret generic ${secretName} `)
  t.match(recipe, `--for=jsonpath='{.status.active}'=${spec.completions} `)
  t.same(jobsIn(recipe), [name])
  // Pod 0: the one whose end is the Job's.
  const labels = { 'batch.kubernetes.io/job-name': name, 'batch.kubernetes.io/job-completion-index': spec.successPolicy.rules[0]!['succeededIndexes'] }
  t.same(selectorsIn(recipe), [labels])
  const { kubectl, left } = await runRecipe(t, recipe)
  t.same(kubectl.map((words) => words[0]), ['create', 'apply', 'wait', 'logs', 'logs', 'delete'])
  t.equal(left, '', 'no key is left')
})

void t.test("the MPI Operator's job, and the hostfiles that it writes", async (t) => {
  const [job] = documents('kubernetes/mpijob.yaml') as [Data]
  const spec = job['spec'] as { slotsPerWorker: number; sshAuthMountPath: string; mpiReplicaSpecs: Record<string, { replicas: number; restartPolicy?: string; template: { spec: Pod } }> }
  const { Launcher: launcher, Worker: worker } = spec.mpiReplicaSpecs
  const name = (job['metadata'] as { name: string }).name
  await takes(t, launcher!.template.spec.containers[0].args!, '/etc/mpi/hostfile')
  for (const { template } of [launcher!, worker!]) isOurs(t, template.spec.containers[0])
  t.equal(launcher!.restartPolicy, 'Never', 'a job that failed is not started again')
  const recipe = recipeOf('kubernetes/mpijob.yaml')
  t.same(jobsIn(recipe), [`${name}-launcher`, `${name}-launcher`], 'as the operator calls the Job that it makes')
  t.same((await runRecipe(t, recipe)).kubectl.map((words) => words[0]), ['apply', 'wait', 'logs', 'logs', 'delete'])
  t.equal(spec.sshAuthMountPath, '/home/mpi/.ssh')
  const hosts = Array.from({ length: worker!.replicas }, (_, index) => `${name}-worker-${index}.${name}.default.svc`)
  for (const write of [(host: string) => `${host} slots=${spec.slotsPerWorker}`, (host: string) => `${host}:${spec.slotsPerWorker}`]) {
    t.same(hostsIn(`${hosts.map(write).join('\n')}\n`), hosts.map((host) => `${host}:${spec.slotsPerWorker}`))
  }
})

interface Service {
  image: string
  pull_policy?: string
  build?: { context: string; dockerfile: string }
  command?: string | string[]
  volumes: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
}

void t.test('compose.yaml: a head and the workers of the hostfile', async (t) => {
  const file = parse(read('compose.yaml'), { merge: true }) as Data
  const { 'x-host': _host, 'x-worker': _worker, ...compose } = file
  check(t, compose, COMPOSE, 'compose.yaml')
  const services = compose['services'] as Record<string, Service>
  const workers = Object.keys(services).filter((name) => name.startsWith('node'))
  t.same(hostsIn(read('hosts')), workers.map((name) => `${name}:2`))
  const head = services['head']!
  t.same(Object.keys(head.depends_on!), workers)
  await takes(t, wordsAfter((head.command as string).split(' '), 'tsmpirun'), '/etc/tsmpi/hosts')
  t.ok(head.volumes.includes('./hosts:/etc/tsmpi/hosts:ro'))
  const built = Object.values(services).filter(({ build }) => build !== undefined)
  t.equal(built.length, 1, 'two builds of one name may collide')
  t.ok(existsSync(join(root, 'deploy', built[0]!.build!.context, built[0]!.build!.dockerfile)))
  for (const [name, { image, build, pull_policy, volumes, depends_on = {} }] of Object.entries(services)) {
    t.equal(image, IMAGE)
    t.equal(pull_policy, build === undefined ? 'never' : undefined, `${name}: not somebody's image of this name`)
    for (const volume of volumes) t.ok(/^(keys|\.\/hosts):/.test(volume), volume)
    for (const [other, { condition }] of Object.entries(depends_on)) {
      // Who has no check is never healthy, and who serves never ends.
      const ends = services[other]!.healthcheck === undefined && services[other]!.command !== undefined
      t.equal(condition, ends ? 'service_completed_successfully' : 'service_healthy', `${name} waits for ${other}`)
    }
  }
})

void t.test('the commands for Compose', async (t) => {
  const services = Object.keys((parse(read('compose.yaml'), { merge: true }) as { services: object }).services)
  const commands = [...`${recipeOf('compose.yaml')}\n${page}`.matchAll(/^docker compose -f (\S+) (.*)$/gm)]
  t.ok(commands.length >= 7)
  for (const [line, file, rest] of commands) {
    t.equal(file, 'deploy/compose.yaml')
    const [command, ...words] = rest!.split(' ')
    // `up` ends with the first container that does, which makes the keys.
    t.ok(['build', 'run', 'down'].includes(command!), line)
    if (command !== 'run') continue
    t.equal(words.shift(), '--rm')
    t.ok(services.includes(words.shift()!), line)
    if (words.length > 0) await takes(t, wordsAfter(words, 'tsmpirun'), '/etc/tsmpi/hosts')
  }
})

void t.test('the keys of Compose are made once', { skip: spawnSync('ssh-keygen', ['-?']).error !== undefined && 'no ssh-keygen' }, async (t) => {
  const { keys } = (parse(read('compose.yaml'), { merge: true }) as { services: { keys: { command: string[] } } }).services
  const home = t.testdir({ '.ssh': {} })
  const made = (): string => {
    const [file, ...words] = keys.command
    t.equal(spawnSync(file!, words, { env: { HOME: home, PATH: process.env['PATH'] } }).status, 0)
    return ['id_rsa', 'id_rsa.pub', 'authorized_keys'].map((name) => readFileSync(join(home, '.ssh', name), 'utf8')).join('')
  }
  t.equal(made(), made())
})

void t.test('Dockerfile: instructions, and what it copies', async (t) => {
  const lines = read('Dockerfile').replace(/\\\n/g, ' ').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const known = /^(FROM|RUN|WORKDIR|COPY|USER|EXPOSE|CMD) \S/
  for (const line of lines) t.match(line, known)
  const copied = lines.filter((line) => line.startsWith('COPY') && !line.includes('--from=')).map((line) => line.split(' ').filter((word) => !word.startsWith('--')))
  for (const [, ...words] of copied) for (const source of words.slice(0, -1)) t.ok(existsSync(join(root, source)), source)
  const taken = lines.flatMap((line) => /--from=build \/opt\/tsmpi\/(\S+)/.exec(line)?.[1] ?? [])
  // All that a published package has, but for what only people read.
  for (const name of files.filter((name) => !name.startsWith('!') && name !== 'docs')) t.ok(taken.includes(name), name)
  t.match(read('Dockerfile'), `/opt/tsmpi/${bin.tsmpirun} /usr/local/bin/tsmpirun`)
  t.match(read('Dockerfile'), `docker build -f deploy/Dockerfile -t ${IMAGE} .`)
})

void t.test('keys that lie about get neither into git nor into an image', async (t) => {
  const ignored = (text: string): string[] => text.split('\n').filter((line) => /id_/.test(line)).map((line) => line.replace('**/', ''))
  t.same(ignored(readFileSync(join(root, '.gitignore'), 'utf8')), ['id_rsa*', 'id_ed25519*'])
  t.same(ignored(read('Dockerfile.dockerignore')), ['id_rsa*', 'id_ed25519*'])
})

void t.test('ssh: the files name each other', async (t) => {
  const port = /^Port (\d+)$/m.exec(read('sshd_config'))?.[1]
  t.match(read('ssh_config'), new RegExp(`^ +Port ${port}$`, 'm'))
  t.match(read('Dockerfile'), `EXPOSE ${port}`)
  t.match(read('kubernetes/job.yaml'), `containerPort: ${port}`)
  t.match(read('kubernetes/mpijob.yaml'), `port: ${port}`)
  t.match(read('compose.yaml'), `:${Number(port).toString(16).toUpperCase().padStart(4, '0')} 0*:0000 0A `)
  t.match(read('Dockerfile'), `known-hosts ${/KnownHostsCommand (\S+)/.exec(read('ssh_config'))![1]}`)
  t.equal(dirname(/HostKey (\S+)/.exec(read('sshd_config'))![1]!), '/home/mpi/.ssh')
})

void t.test('clusters.md: the image, and files that exist', async (t) => {
  for (const [image] of page.matchAll(/(?<=[\s`/])tsmpi:[\w.-]*\w/g)) t.ok([IMAGE, `${IMAGE}-1`].includes(image), image)
  const commands = [...page.matchAll(/^(?:docker|kubectl|until kubectl) .*$/gm)].map(([line]) => line)
  t.ok(commands.length > 8)
  for (const [, file] of page.matchAll(/(?:apply|delete|compose|build) -f (\S+)/g)) t.ok(existsSync(join(root, file!)), file)
  for (const line of commands.filter((line) => /kubectl/.test(line))) t.match(recipeOf('kubernetes/mpijob.yaml'), line)
})

const COUNTS: Record<string, number> = { one: 1, two: 2, four: 4 }

void t.test("clusters.md: where hostfiles mean something else than with other MPIs", async (t) => {
  const rows = page.split('| in the file | there | here |\n')[1]!.split('\n\n')[0]!.split('\n').slice(1).map((line) => line.split('|'))
  t.ok(rows.length > 5)
  for (const [, first, , here] of rows) {
    const file = [...first!.matchAll(/`([^`]+)`/g)].map(([, line]) => line).join('\n')
    const expected = /^ (refused|(\w+) slots?)/.exec(here!)!
    if (expected[1] === 'refused') t.throws(() => parseHostfile(file, 'hosts'), { code: 'TSMPI_LAUNCH' }, file)
    else t.equal(parseHostfile(file, 'hosts').reduce((sum, { slots }) => sum + slots, 0), COUNTS[expected[2]!], file)
  }
})

void t.test('clusters.md: a wrapper for a command that starts words without a shell', async (t) => {
  const [wrapper] = /#!\/bin\/sh\nexec blaunch .*\n/.exec(page)!
  // Words are started as they are; standard input is passed on.
  const blaunch = '#!/bin/sh\n[ "$1" = -no-shell ] && shift\nhost=$1; shift; cd /\nexec env -i PATH=/usr/bin:/bin TSMPI_TEST_MARK="$TSMPI_TEST_MARK" "$@"\n'
  const folder = t.testdir({ wrapper, bin: { blaunch } })
  for (const name of ['wrapper', 'bin/blaunch']) chmodSync(join(folder, name), 0o755)
  const env = { PATH: `${folder}/bin:${process.env['PATH']}`, SLURM_JOB_NODELIST: '', SLURM_NODELIST: '', PBS_NODEFILE: '', PE_HOSTFILE: '', LSB_HOSTS: '', LSB_DJOB_HOSTFILE: '' }
  t.match(await runJob(['--rsh', join(folder, 'wrapper'), '-H', 'a,b', 'echo', 'x'], { env }), { code: 0, stdout: 'x\nx\n', stderr: '' })
  t.match(await runJob(['--rsh', 'blaunch', '-H', 'a', 'echo', 'x'], { env }), { code: 1, stderr: /could not be started by `blaunch a`/ })
})
