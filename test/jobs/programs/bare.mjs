// A process that does nothing: prints how many bytes of it are resident.
await new Promise((resolve) => setTimeout(resolve, 200))
console.log(process.memoryUsage.rss())
