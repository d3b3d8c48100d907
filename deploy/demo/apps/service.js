'use strict';

// What the three services of the tweet stack share: serving HTTP, saying which replica answered, and leaving
// without losing a request.

const http = require('node:http');
const os = require('node:os');

/** How long requests already running may take after SIGTERM, in milliseconds: below Docker's grace period of 10 s. */
const drainMilliseconds = 5000;

/** The name under which this process signs its answers: in a container, the container's id. */
const replica = process.env.REPLICA || os.hostname();

/**
 * Serves `routes` on HOST:PORT until SIGTERM or SIGINT.
 *
 * `routes` maps a path to an async function of the request that returns `{ status, type, headers, body }`, of which
 * only `body` is required. `/status` comes with every service.
 */
function serve(name, routes) {
  const started = Date.now();
  let answered = 0;
  let draining = false;

  const handlers = {
    '/status': async () => json({
      service: name, replica, uptime_seconds: Math.round((Date.now() - started) / 1000), answered, draining,
    }),
    ...routes,
  };

  const server = http.createServer(async (request, response) => {
    const answer = await answerTo(request, handlers, name);
    const body = Buffer.from(answer.body);
    answered += 1;
    response.writeHead(answer.status ?? 200, {
      'Content-Type': answer.type ?? 'text/plain; charset=utf-8',
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
      'X-Replica': replica,
      // The connection of a request that was running at SIGTERM ends with its answer.
      ...(draining && { Connection: 'close' }),
      ...answer.headers,
    });
    response.end(body);
  });

  function drain() {
    if (draining) return;
    draining = true;
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    // A client that opened a connection and never asked anything must not keep the process alive.
    setTimeout(() => process.exit(0), drainMilliseconds).unref();
  }
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);

  const port = Number(process.env.PORT || 8080);
  server.on('error', (error) => {
    console.error(`${name}: ${error.message}`);
    process.exit(1);
  });
  server.listen({ port, host: process.env.HOST || undefined, backlog: 1024 }, () => {
    console.error(`${name}: replica ${replica} listens on ${server.address().address} port ${port}`);
  });
}

async function answerTo(request, handlers, name) {
  const path = request.url.split('?', 1)[0];
  const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined;
  if (!handler) {
    return { status: 404, body: `${name} has no ${path}\n` };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, headers: { Allow: 'GET, HEAD' }, body: `${path} takes GET and HEAD\n` };
  }
  try {
    return await handler(request);
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    return { status: 500, body: `${name} failed\n` };
  }
}

/** An answer whose body is `value` as JSON. */
function json(value) {
  return { type: 'application/json; charset=utf-8', body: `${JSON.stringify(value, null, 2)}\n` };
}

module.exports = { serve, json, replica };
