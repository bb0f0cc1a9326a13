const http = require('node:http');
const handler = require('./function/handler');

const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const {method, url: path, headers} = request;
  try {
    const answer = await handler({method, path, headers, body: Buffer.concat(pieces)});
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body);
  } catch (error) {
    console.error(error);
    response.writeHead(500, {'Content-Type': 'text/plain'}).end('The function failed.\n');
  }
});
server.keepAliveTimeout = 0;  // the watchdog closes what is idle
server.listen(process.env.PORT || 3000, '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
