// This package: its version and its folder.
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const manifest = (): string => fileURLToPath(new URL('../../package.json', import.meta.url))

export const packageFolder = (): string => dirname(manifest())
export const version = (): string => (JSON.parse(readFileSync(manifest(), 'utf8')) as { version: string }).version
