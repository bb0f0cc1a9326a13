// node websocket_client.js URL: text, 10 MB of binary, a ping, and a close code, each there and back.
// Then, at a line on standard input, one more message, and the end.
const WebSocket = require("ws");
const { once } = require("events");
const crypto = require("crypto");

async function main() {
  const socket = new WebSocket(process.argv[2], { maxPayload: 1 << 25 });
  await once(socket, "open");
  const echo = async (data) => {
    socket.send(data);
    const [back] = await once(socket, "message");
    if (!Buffer.from(data).equals(back)) throw new Error("not what was sent");
  };
  await echo("text");
  await echo(crypto.randomBytes(10_000_000));
  socket.ping("are you there");
  const [pong] = await once(socket, "pong");
  if (pong.toString() !== "are you there") throw new Error("a wrong pong");
  console.log("echoed");
  await once(process.stdin, "data");
  await echo("one more");
  socket.close(4001, "bye");
  const [code] = await once(socket, "close");
  console.log(`closed ${code}`);
  process.exit();
}

main().catch((error) => {
  console.log(`failed: ${error.message}`);
  process.exit(1);
});
