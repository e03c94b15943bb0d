// Prints the milliseconds that importing tsmpi takes.
const start = performance.now()
await import('tsmpi')
console.log((performance.now() - start).toFixed(3))
