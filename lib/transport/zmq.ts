export class ZmqTransport { constructor(_: unknown) { throw new Error('x') } }
