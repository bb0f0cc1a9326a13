'use strict'

module.exports = async (event, context) => context
  .status(200)
  .headers({'Content-Type': 'text/plain'})
  .succeed(`Hello, ${event.body || 'node'}!\n`)
