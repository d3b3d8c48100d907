// An ordinary Node server: says what it was asked, as JSON. Prints its port once it listens.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const digest = createHash("sha256");
  let bytes = 0;
  request.on("data", (part) => {
    digest.update(part);
    bytes += part.length;
  });
  request.on("end", () => {
    if (request.url === "/large") {
      response.writeHead(200, { "Content-Length": 5_000_000 });
      response.end(Buffer.alloc(5_000_000, "x"));
      return;
    }
    if (request.url === "/stream") {
      response.writeHead(200, { Trailer: "X-Sum" });
      for (let part = 0; part < 100; part++) response.write(`part ${part}\n`);
      response.addTrailers({ "X-Sum": "100" });
      response.end();
      return;
    }
    const { method, url, headers, rawHeaders } = request;
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ method, url, headers, rawHeaders, bytes, digest: digest.digest("hex") }));
  });
});

server.on("upgrade", (request, socket, head) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  if (head.length) socket.write(head);
  socket.on("error", () => {});
  socket.pipe(socket);
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
