// Builds what a checkout needs: the TypeScript, then the addon. Run by `npm ci` and `npm install` in a checkout.
// A published package holds both already and never runs this.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(join(root, 'package.json'))
const run = (script, args) =>
  spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })

function buildTypeScript() {
  const done = run(join(root, 'scripts/build.mjs'), [])
  if (done.status === 0) return
  process.stderr.write(`${done.stdout}${done.stderr}\ntsmpi: the TypeScript build failed\n`)
  process.exit(1)
}

// Without a compiler tsmpi still works, over ZeroMQ and with the TypeScript kernel: warn, do not fail.
function buildAddon() {
  if (process.env.TSMPI_SKIP_ADDON) {
    process.stderr.write('tsmpi: TSMPI_SKIP_ADDON is set: the native addon is not built\n')
    return
  }
  const cmakeJs = join(dirname(require.resolve('cmake-js/package.json')), 'bin/cmake-js')
  const done = run(cmakeJs, ['compile', '--silent'])
  if (done.status !== 0 || !existsSync(join(root, 'build/Release/tsmpi.node'))) {
    process.stderr.write(
      `${done.stdout}${done.stderr}\ntsmpi: the native addon could not be built (a C++ compiler and cmake are needed); ` +
        'messages will go over ZeroMQ and the Monte-Carlo kernel will run in TypeScript. Run `npm run build:addon` to try again.\n',
    )
  }
}

// The first `npx tsmpirun` in a checkout links the package into npx's own folder and runs this once more.
const linkedByNpx = process.env.npm_command === 'exec' && existsSync(join(root, 'dist/launcher/main.js'))
if (!linkedByNpx) {
  if (!process.argv.includes('--addon')) buildTypeScript()
  buildAddon()
}
