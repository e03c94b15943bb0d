// Curves over message sizes with logarithmic axes, as an SVG that shows on light and dark pages.
import { sizeName } from '../families.js'

export interface Series {
  readonly name: string
  /** Bytes and value, both above 0. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Chart {
  readonly title: string
  /** What the values are. */
  readonly unit: string
  readonly series: readonly Series[]
}

const WIDTH = 760
const HEIGHT = 440
const MARGIN = { left: 64, right: 150, top: 44, bottom: 44 }
const COLORS = ['#c2255c', '#1c7ed6', '#2f9e44', '#e8590c', '#7048e8', '#0c8599', '#868e96', '#5c940d']

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const round = (value: number): string => value.toFixed(1)

interface Scale {
  readonly x: (bytes: number) => number
  readonly y: (value: number) => number
  /** Powers of two and of ten that the axes show. */
  readonly xTicks: readonly number[]
  readonly yTicks: readonly number[]
}

function scaleOf(series: readonly Series[]): Scale {
  const points = series.flatMap(({ points }) => points)
  const range = (log: (value: number) => number, values: readonly number[]): [number, number] => {
    const low = Math.floor(Math.min(...values.map(log)))
    return [low, Math.max(low + 1, Math.ceil(Math.max(...values.map(log))))]
  }
  const [left, right] = range(Math.log2, points.map(([x]) => x))
  const [bottom, top] = range(Math.log10, points.map(([, y]) => y))
  const width = WIDTH - MARGIN.left - MARGIN.right
  const height = HEIGHT - MARGIN.top - MARGIN.bottom
  const every = [1, 2, 4].find((step) => right - left <= 8 * step) ?? 8
  return {
    x: (bytes) => MARGIN.left + (width * (Math.log2(bytes) - left)) / (right - left),
    y: (value) => HEIGHT - MARGIN.bottom - (height * (Math.log10(value) - bottom)) / (top - bottom),
    xTicks: Array.from({ length: Math.floor((right - left) / every) + 1 }, (_, i) => 2 ** (left + i * every)),
    yTicks: Array.from({ length: top - bottom + 1 }, (_, i) => 10 ** (bottom + i)),
  }
}

function axes({ x, y, xTicks, yTicks }: Scale): string[] {
  const right = WIDTH - MARGIN.right
  const bottom = HEIGHT - MARGIN.bottom
  const number = (value: number): string => (value >= 1 ? value.toLocaleString('en') : String(Number(value.toPrecision(1))))
  return [
    ...yTicks.map((tick) => `<path class="grid" d="M${MARGIN.left} ${round(y(tick))}H${right}"/>`),
    ...yTicks.map((tick) => `<text x="${MARGIN.left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${number(tick)}</text>`),
    ...xTicks.map((tick) => `<path class="grid" d="M${round(x(tick))} ${MARGIN.top}V${bottom}"/>`),
    ...xTicks.map((tick) => `<text x="${round(x(tick))}" y="${bottom + 20}" text-anchor="middle">${sizeName(tick)}</text>`),
  ]
}

function curve({ points }: Series, index: number, { x, y }: Scale): string {
  const path = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${round(x(px))} ${round(y(py))}`).join('')
  const width = index === 0 ? 3 : 1.6
  return `<path fill="none" stroke="${COLORS[index % COLORS.length]}" stroke-width="${width}" stroke-linejoin="round" d="${path}"/>`
}

function legend(series: readonly Series[]): string[] {
  const left = WIDTH - MARGIN.right + 14
  return series.flatMap(({ name }, i) => {
    const top = MARGIN.top + 12 + 22 * i
    const color = COLORS[i % COLORS.length]
    return [
      `<path stroke="${color}" stroke-width="${i === 0 ? 3 : 1.6}" d="M${left} ${top - 4}h20"/>`,
      `<text x="${left + 26}" y="${top}"${i === 0 ? ' font-weight="bold"' : ''}>${escaped(name)}</text>`,
    ]
  })
}

/** The first series is the one that stands out. Series without points are left out; without any, so is the chart. */
export function drawChart({ title, unit, series }: Chart): string | undefined {
  const drawn = series.filter(({ points }) => points.length > 0)
  if (drawn.length === 0) return undefined
  const scale = scaleOf(drawn)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    '<style>text{font:13px sans-serif;fill:#212529}.grid{stroke:#dee2e6;stroke-width:1}</style>',
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="26" style="font-size:15px;font-weight:bold">${escaped(title)}</text>`,
    ...axes(scale),
    `<text x="16" y="${HEIGHT / 2}" transform="rotate(-90 16 ${HEIGHT / 2})" text-anchor="middle">${escaped(unit)}</text>`,
    ...[...drawn.keys()].reverse().map((i) => curve(drawn[i], i, scale)),
    ...legend(drawn),
    '</svg>\n',
  ].join('\n')
}
