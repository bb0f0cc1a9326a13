'use strict'

const greeting = require('greeting')
const ms = require('ms')

module.exports = async (event, context) => {
  const [, route, argument] = event.path.split('/')
  switch (route) {
    case 'info':
      return context.headers({'Content-Type': 'text/plain'}).succeed(
        `${event.method} ${event.path} name=${event.query.name} test=${event.headers['x-test']}`)
    case 'status': return context.status(Number(argument)).headers({'X-Status': argument}).succeed('')
    case 'throw': throw new Error('thrown on purpose')
    case 'package': return context.succeed(greeting('a package'))
    case 'pid': return context.succeed(process.pid)
    case 'slow':
      console.log('slow begins')
      await new Promise((resolve) => setTimeout(resolve, ms('1s')))
      return context.succeed('done')
    case 'json': return context.status(202).succeed({got: event.body})
    case 'fail': return context.status(422).fail(new Error('no good'))
    case 'fail500': return context.fail('no good')
    case 'returned': return {'a value': 'alone'}
    default: return context.status(201)
      .headers({'Content-Type': event.headers['content-type'], 'X-Size': event.body.length}).succeed(event.body)
  }
}
