// node client.js URL MESSAGE: sends it and prints what comes back.
const WebSocket = require("ws");

const [url, message] = process.argv.slice(2);
const socket = new WebSocket(url);
socket.on("open", () => socket.send(message));
socket.on("message", (data) => {
  console.log(data.toString());
  socket.close();
});
