const http = require('node:http');
const handler = require('./function/handler');

async function answer(request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const {method, url: path, headers} = request;
  const {status = 200, headers: fields, body} = await handler({method, path, headers, body: Buffer.concat(pieces)});
  response.writeHead(status, fields).end(body);
}

const server = http.createServer((request, response) => answer(request, response).catch((error) => {
  if (request.destroyed && !request.complete) return;  // the client has left in the middle of its request
  console.error(error);
  if (response.headersSent) return response.destroy();
  response.writeHead(500, {'Content-Type': 'text/plain'}).end('The function failed.\n');
}));
server.keepAliveTimeout = 0;  // the watchdog closes what is idle
server.listen(process.env.PORT || 3000, '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
