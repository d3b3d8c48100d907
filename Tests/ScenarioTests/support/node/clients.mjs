// Node's clients against the address given: each check throws where it fails, and names itself where it passes.
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { Readable } from "node:stream";

const base = process.argv[2];
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function ask(path, { method = "GET", headers = {}, body = [], expectContinue = false } = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = request(base + path, { method, headers, agent }, (response) => {
      const parts = [];
      response.on("error", reject);
      response.on("data", (part) => parts.push(part));
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          trailers: response.trailers,
          body: Buffer.concat(parts),
          reused: outgoing.reusedSocket,
        }),
      );
    });
    outgoing.on("error", reject);
    const send = () => {
      for (const part of body) outgoing.write(part);
      outgoing.end();
    };
    if (expectContinue) {
      outgoing.on("continue", send);
      outgoing.flushHeaders();
    } else send();
  });
}

const checks = {
  async agentKeepsAlive() {
    assert.equal((await ask("/1")).reused, false);
    for (let turn = 0; turn < 20; turn++) assert.equal((await ask(`/${turn}`)).reused, true);
  },
  async agentPostsChunked() {
    const { body } = await ask("/post", { method: "POST", body: ["hello ", "world"] });
    const seen = JSON.parse(body);
    assert.equal(seen.bytes, 11);
    assert.equal(seen.headers["transfer-encoding"], "chunked");
  },
  async agentReadsTrailers() {
    const { body, trailers } = await ask("/stream");
    assert.equal(body.toString().split("\n").length, 101);
    assert.equal(trailers["x-sum"], "100");
  },
  async agentHead() {
    const { body, headers } = await ask("/large", { method: "HEAD" });
    assert.equal(headers["content-length"], "5000000");
    assert.equal(body.length, 0);
  },
  async agentWaitsForContinue() {
    const headers = { Expect: "100-continue", "Content-Length": 5 };
    const { body } = await ask("/put", { method: "PUT", headers, body: ["hello"], expectContinue: true });
    assert.equal(JSON.parse(body).bytes, 5);
  },
  async agentInParallel() {
    const many = new Agent({ keepAlive: true, maxSockets: 20 });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, number) =>
        fetchWith(many, `/${number}`).then((body) => assert.equal(JSON.parse(body).url, `/${number}`)),
      ),
    );
    many.destroy();
    assert.equal(answers.length, 200);
  },
  async upgrade() {
    const said = await new Promise((resolve, reject) => {
      const headers = { Connection: "Upgrade", Upgrade: "echo" };
      const outgoing = request(base + "/ws", { headers });
      outgoing.on("error", reject);
      outgoing.on("response", (response) => reject(new Error(`answered ${response.statusCode}`)));
      outgoing.on("upgrade", (response, socket) => {
        socket.on("data", (part) => {
          socket.end();
          resolve(part.toString());
        });
        socket.write("through the tunnel");
      });
      outgoing.end();
    });
    assert.equal(said, "through the tunnel");
  },
  async fetchGets() {
    const response = await fetch(base + "/path?x=y", { headers: { "X-A": "1" } });
    const seen = await response.json();
    assert.deepEqual([response.status, seen.url, seen.headers["x-a"]], [200, "/path?x=y", "1"]);
    assert.equal(seen.headers["x-forwarded-for"], "127.0.0.1");
  },
  async fetchReadsLarge() {
    assert.equal((await (await fetch(base + "/large")).arrayBuffer()).byteLength, 5_000_000);
  },
  async fetchPosts() {
    const response = await fetch(base + "/post", { method: "POST", body: "x".repeat(1_000_000) });
    assert.equal((await response.json()).bytes, 1_000_000);
  },
  async fetchStreams() {
    const body = Readable.toWeb(Readable.from(["one", "two", "three"].map((part) => Buffer.from(part))));
    const response = await fetch(base + "/post", { method: "POST", body, duplex: "half" });
    const seen = await response.json();
    assert.deepEqual([seen.bytes, seen.headers["transfer-encoding"]], [11, "chunked"]);
  },
  async fetchInParallel() {
    const urls = Array.from({ length: 100 }, (_, number) => `/${number}`);
    const seen = await Promise.all(urls.map(async (url) => (await (await fetch(base + url)).json()).url));
    assert.deepEqual(seen, urls);
  },
  async fetchAborts() {
    const abort = new AbortController();
    const response = await fetch(base + "/large", { signal: abort.signal });
    abort.abort();
    await assert.rejects(response.text());
    assert.equal((await fetch(base + "/after")).status, 200);
  },
};

function fetchWith(agentUsed, path) {
  return new Promise((resolve, reject) => {
    const outgoing = request(base + path, { agent: agentUsed }, (response) => {
      let body = "";
      response.on("data", (part) => (body += part));
      response.on("end", () => resolve(body));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

await checks[process.argv[3]]();
agent.destroy();
console.log("passed");
process.exit(0);
