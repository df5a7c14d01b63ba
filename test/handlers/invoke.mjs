/* Plays Lambda for one built handler: imports the bundle, and runs what the parent sends with the time it allows. */
const [, , bundle] = process.argv
let remaining = 0

const { handler } = await import(bundle)
process.on('message', async ({ id, event, ...message }) => {
  remaining = message.remaining
  const context = { awsRequestId: `request-${id}`, getRemainingTimeInMillis: () => remaining }
  const result = event === undefined ? {} : await invoke(event, context)
  /* After it the parent has read everything that the handler wrote. */
  process.stdout.write(`${JSON.stringify({ done: id })}\n`)
  process.send({ id, result })
})
process.send({ id: 0, result: {} })

async function invoke(event, context) {
  try {
    return { answer: await handler(event, context) }
  } catch (error) {
    return { error: `${error.name}: ${error.message}` }
  }
}
