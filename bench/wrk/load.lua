-- One load for wrk: `wrk -s load.lua URL -- [BODY-BYTES]` posts a body of that size, or gets. The request is written
-- once and repeated, so the script costs nothing per request. The last line of output is the result as JSON.

function init(arguments)
  local bytes = tonumber(arguments[1])
  if bytes then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/octet-stream"
    wrk.body = string.rep("x", bytes)
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "bytes": %d, "p50_us": %d, "p99_us": %d, ' ..
    '"errors": {"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
