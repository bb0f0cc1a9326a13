// Calls function/handler.js with the event and the context of the official template node22.
const http = require('node:http');
const querystring = require('node:querystring');
const handler = require('./function/handler');

class BadRequest extends Error {}

function parsed(body, type) {
  if (process.env.RAW_BODY === 'true') return body;
  if (type === 'application/json' || type.endsWith('+json')) return json(body);
  if (type === 'application/x-www-form-urlencoded') return {...querystring.parse(body.toString())};
  return type.startsWith('text/') ? body.toString() : body;
}

function json(body) {
  if (!body.length) return {};
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new BadRequest(`The body is not JSON: ${error.message}`);
  }
}

async function received(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  request.headers['content-type'] ??= 'text/plain';
  const [path, query = ''] = request.url.split(/\?(.*)/s);
  const type = request.headers['content-type'].split(';')[0].trim().toLowerCase();
  return {
    body: parsed(Buffer.concat(pieces), type),
    headers: request.headers,
    method: request.method,
    path,
    query: {...querystring.parse(query)},
  };
}

// What the handler says becomes the response; what it says after that changes nothing.
class Context {
  #response;
  #status = 200;
  #headers = {};

  constructor(response) {
    this.#response = response;
  }

  status(code) {
    if (!code) return this.#status;
    this.#status = code;
    return this;
  }

  headers(fields) {
    if (!fields) return this.#headers;
    this.#headers = fields;
    return this;
  }

  succeed(result) {
    this.#send(result);
  }

  fail(error) {
    console.error(error);
    if (this.#status === 200) this.#status = 500;
    this.#send(error instanceof Error ? String(error) : error);
  }

  get answered() {
    return this.#response.writableEnded || this.#response.destroyed;
  }

  #send(result) {
    if (this.answered) return;
    const [type, body] = represented(result);
    if (body.length) this.#response.setHeader('Content-Type', type);
    for (const [name, value] of Object.entries(this.#headers)) this.#response.setHeader(name, value);
    this.#response.writeHead(this.#status).end(body);
  }
}

function represented(result) {
  if (result === undefined || result === null) return ['', ''];
  if (result instanceof Uint8Array) return ['application/octet-stream', result];
  if (typeof result === 'object') return ['application/json; charset=utf-8', JSON.stringify(result)];
  return ['text/html; charset=utf-8', String(result)];
}

async function answer(request, response) {
  const event = await received(request);
  const context = new Context(response);
  const callback = (error, result) => error ? context.fail(error) : context.succeed(result);
  const result = await handler(event, context, callback);
  // A handler with a callback answers when it calls that.
  if (!context.answered && (result !== undefined || handler.length < 3)) context.succeed(result);
}

function refuse(request, response, error) {
  if (request.destroyed && !request.complete) return;  // the client has left in the middle of its request
  const [status, text] = error instanceof BadRequest ? [400, error.message] : [500, 'The function failed.'];
  if (status === 500) console.error(error);
  if (response.headersSent) return response.destroy();
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.writeHead(status, {'Content-Type': 'text/plain'}).end(`${text}\n`);
}

const server = http.createServer((request, response) =>
  answer(request, response).catch((error) => refuse(request, response, error)));
server.keepAliveTimeout = 0;  // the watchdog closes what is idle, and ends what takes too long
server.requestTimeout = 0;
server.listen(process.env.PORT || 3000, '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
