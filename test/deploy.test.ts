// What lies in deploy/: syntax, the fields that Kubernetes and Compose know, names that must agree, and that tsmpirun
// takes the commands and the hostfiles. No cluster is needed, and none is asked.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { parseHostfile } from '../launcher/hosts/hostfile.js'
import { parseOptions } from '../launcher/options.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string): string => readFileSync(join(root, 'deploy', name), 'utf8')
const hostsIn = (text: string): string[] => parseHostfile(text, 'hosts').map(({ name, slots }) => `${name}:${slots}`)

type Fields = { [name: string]: Fields | null }
type Data = Record<string, unknown>

/** Every field of `data` must be in `known`; null there: whatever the field holds. Lists are looked into. */
function onlyKnown(t: Test, data: unknown, known: Fields | null, at: string): void {
  if (known === null || data === null || typeof data !== 'object') return
  if (Array.isArray(data)) return data.forEach((item, index) => onlyKnown(t, item, known, `${at}[${index}]`))
  for (const [name, value] of Object.entries(data)) {
    const place = `${at}.${name}`
    if ('*' in known) onlyKnown(t, value, known['*'], place)
    else if (!(name in known)) t.fail(`${place}: no such field`)
    else onlyKnown(t, value, known[name]!, place)
  }
}

/** `a b(c d)`: a field a, and a field b with c and d in it. */
function fields(text: string): Fields {
  const words = text.match(/[\w*]+|[()]/g) ?? []
  const level = (): Fields => {
    const known: Fields = {}
    while (words.length > 0 && words[0] !== ')') {
      const name = words.shift()!
      known[name] = words[0] === '(' && words.shift() ? level() : null
      if (words[0] === ')' && known[name] !== null) words.shift()
    }
    return known
  }
  return level()
}

const POD = `(metadata(labels annotations) spec(subdomain restartPolicy securityContext(runAsUser runAsGroup fsGroup)
  containers(name image command args ports(name containerPort) readinessProbe(tcpSocket(port) periodSeconds)
    securityContext(runAsUser) resources(requests(cpu memory) limits(cpu memory)) volumeMounts(name mountPath readOnly))
  volumes(name secret(secretName defaultMode) configMap(name))))`
const REPLICA = `(replicas restartPolicy template${POD})`
const KINDS: Record<string, Fields> = {
  'v1 Service': fields('apiVersion kind metadata(name) spec(clusterIP publishNotReadyAddresses selector)'),
  'v1 ConfigMap': fields('apiVersion kind metadata(name) data'),
  'batch/v1 Job': fields(`apiVersion kind metadata(name) spec(completionMode completions parallelism backoffLimit activeDeadlineSeconds
    successPolicy(rules(succeededIndexes succeededCount)) template${POD})`),
  'kubeflow.org/v2beta1 MPIJob': fields(`apiVersion kind metadata(name) spec(slotsPerWorker sshAuthMountPath launcherCreationPolicy
    mpiImplementation runLauncherAsWorker runPolicy(cleanPodPolicy backoffLimit activeDeadlineSeconds ttlSecondsAfterFinished)
    mpiReplicaSpecs(Launcher${REPLICA} Worker${REPLICA}))`),
}
const COMPOSE = fields(`name services(*(image build(context dockerfile) volumes init depends_on(*(condition)) command
  healthcheck(test interval timeout retries))) volumes`)

interface Container {
  name: string
  image: string
  command: string[]
  args?: string[]
  volumeMounts?: { name: string; mountPath: string }[]
}

interface Pod {
  subdomain?: string
  containers: [Container]
  volumes?: { name: string; configMap?: { name: string }; secret?: { secretName: string } }[]
}

function documents(name: string): Data[] {
  return parseAllDocuments(read(name)).map((document) => {
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

for (const name of readdirSync(join(root, 'deploy/kubernetes'))) {
  void t.test(`kubernetes/${name}: fields`, async (t) => {
    for (const data of documents(`kubernetes/${name}`)) {
      const kind = `${String(data['apiVersion'])} ${String(data['kind'])}`
      t.ok(kind in KINDS, kind)
      onlyKnown(t, data, KINDS[kind]!, kind)
    }
  })
}

void t.test('the Indexed Job: its names agree', async (t) => {
  const [service, config, job] = documents('kubernetes/job.yaml') as [Data, Data, Data]
  const spec = job['spec'] as { completions: number; parallelism: number; completionMode: string; template: { spec: Pod } }
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
  t.match(read('kubernetes/job.yaml'), `create secret generic ${pod.volumes!.find((volume) => volume.secret)!.secret!.secretName} `)
})

void t.test("the MPI Operator's job, and the hostfiles that it writes", async (t) => {
  const [job] = documents('kubernetes/mpijob.yaml') as [Data]
  const spec = job['spec'] as { slotsPerWorker: number; sshAuthMountPath: string; mpiReplicaSpecs: Record<string, { replicas: number; template: { spec: Pod } }> }
  const { Launcher: launcher, Worker: worker } = spec.mpiReplicaSpecs
  await takes(t, launcher!.template.spec.containers[0].args!, '/etc/mpi/hostfile')
  t.equal(spec.sshAuthMountPath, '/home/mpi/.ssh')
  const hosts = Array.from({ length: worker!.replicas }, (_, index) => `pi-worker-${index}.pi.default.svc`)
  for (const write of [(host: string) => `${host} slots=${spec.slotsPerWorker}`, (host: string) => `${host}:${spec.slotsPerWorker}`]) {
    t.same(hostsIn(`${hosts.map(write).join('\n')}\n`), hosts.map((host) => `${host}:${spec.slotsPerWorker}`))
  }
})

void t.test('compose.yaml: a head and the workers of the hostfile', async (t) => {
  const file = parse(read('compose.yaml'), { merge: true }) as Data
  const { 'x-host': _host, 'x-worker': _worker, ...compose } = file
  onlyKnown(t, compose, COMPOSE, 'compose.yaml')
  const services = compose['services'] as Record<string, { image: string; build: { context: string; dockerfile: string }; command?: string; volumes: string[]; depends_on?: Data }>
  const workers = Object.keys(services).filter((name) => name.startsWith('node'))
  t.same(hostsIn(read('hosts')), workers.map((name) => `${name}:2`))
  const head = services['head']!
  t.same(Object.keys(head.depends_on!), workers)
  await takes(t, wordsAfter(head.command!.split(' '), 'tsmpirun'), '/etc/tsmpi/hosts')
  t.ok(head.volumes.includes('./hosts:/etc/tsmpi/hosts:ro'))
  for (const { image, build, volumes } of Object.values(services)) {
    t.equal(image, 'tsmpi')
    t.ok(existsSync(join(root, 'deploy', build.context, build.dockerfile)))
    for (const volume of volumes) t.ok(/^(keys|\.\/hosts):/.test(volume), volume)
  }
  for (const [, line] of read('compose.yaml').matchAll(/run --rm head tsmpirun (.*)/g)) await takes(t, line!.split(' '), '/etc/tsmpi/hosts')
})

void t.test('Dockerfile: instructions, and what it copies', async (t) => {
  const lines = read('Dockerfile').replace(/\\\n/g, ' ').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const known = /^(FROM|RUN|WORKDIR|COPY|USER|EXPOSE|CMD) \S/
  for (const line of lines) t.match(line, known)
  const copied = lines.filter((line) => line.startsWith('COPY') && !line.includes('--from=')).map((line) => line.split(' ').filter((word) => !word.startsWith('--')))
  for (const [, ...words] of copied) for (const source of words.slice(0, -1)) t.ok(existsSync(join(root, source)), source)
  const { files, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[]; bin: { tsmpirun: string } }
  const taken = lines.flatMap((line) => /--from=build \/opt\/tsmpi\/(\S+)/.exec(line)?.[1] ?? [])
  // All that a published package has, but for what only people read.
  for (const name of files.filter((name) => !name.startsWith('!') && name !== 'docs')) t.ok(taken.includes(name), name)
  t.match(read('Dockerfile'), `/opt/tsmpi/${bin.tsmpirun} /usr/local/bin/tsmpirun`)
})

void t.test('ssh: the files name each other', async (t) => {
  const port = /^Port (\d+)$/m.exec(read('sshd_config'))?.[1]
  t.match(read('ssh_config'), new RegExp(`^ +Port ${port}$`, 'm'))
  t.match(read('Dockerfile'), `EXPOSE ${port}`)
  t.match(read('kubernetes/job.yaml'), `containerPort: ${port}`)
  t.match(read('Dockerfile'), `known-hosts ${/KnownHostsCommand (\S+)/.exec(read('ssh_config'))![1]}`)
  t.equal(dirname(/HostKey (\S+)/.exec(read('sshd_config'))![1]!), '/home/mpi/.ssh')
})
