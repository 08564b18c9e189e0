/**
 * What is used of Node's HTTP. An `import` of `node:http` reads every one of its exports, `WebSocket` among them, and for
 * that Node loads all of its own client: 40 ms of processor time in each process that starts.
 */
const { Agent: HttpAgent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')

export { createServer, HttpAgent, request, STATUS_CODES }
