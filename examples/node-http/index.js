// A function that is its own HTTP server: it starts once and answers every request.
const http = require("http");

let answered = 0;

http
  .createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      answered += 1;
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ method: request.method, path: request.url, body, answered }) + "\n");
    });
  })
  .listen(3000, "127.0.0.1");
