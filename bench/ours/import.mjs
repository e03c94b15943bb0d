// Prints the microseconds that importing tsmpi takes.
const start = performance.now()
await import('tsmpi')
console.log(((performance.now() - start) * 1000).toFixed(0))
