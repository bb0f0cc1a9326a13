// node server.js KIND PORT: plain http, express, or WebSockets.
const http = require("http");

const [kind, port] = process.argv.slice(2);

function answer(request, response) {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/events") {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    let left = 10;
    const timer = setInterval(() => {
      response.write(`data: ${Date.now() / 1000}\n\n`);
      if (--left === 0) {
        clearInterval(timer);
        response.end();
      }
    }, 100);
  } else if (url.pathname === "/zeros") {
    let left = Number(url.searchParams.get("bytes"));
    response.setHeader("Content-Length", left);
    const piece = Buffer.alloc(65536);
    const more = () => {
      while (left > 0) {
        const size = Math.min(left, piece.length);
        left -= size;
        if (!response.write(piece.subarray(0, size))) return response.once("drain", more);
      }
      response.end();
    };
    more();
  } else if (url.pathname === "/count") {
    let size = 0;
    request.on("data", (data) => (size += data.length));
    request.on("end", () => response.end(`${size}`));
  } else if (url.pathname === "/missing") {
    response.writeHead(404).end("no");
  } else {
    request.pipe(response);
  }
}

if (kind === "express") {
  const app = require("express")();
  app.get("/missing", (request, response) => response.status(404).send("no"));
  app.use(answer);
  app.listen(port, "127.0.0.1");
} else if (kind === "websocket") {
  const { WebSocketServer } = require("ws");
  const server = new WebSocketServer({ host: "127.0.0.1", port, maxPayload: 1 << 25 });
  server.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })));
} else {
  http.createServer(answer).listen(port, "127.0.0.1");
}
