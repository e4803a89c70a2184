-- Contacts of members as wrk sends them: 64 members at a time, each gets four, one after the other.
-- Arguments: a file of member ids, a file of tokens, a word that begins the keys, and how many members to pass over.
local members, tokens = {}, {}
local word, first, sent = "", 0, 0

function init(args)
    for line in io.lines(args[1]) do members[#members + 1] = line end
    for line in io.lines(args[2]) do tokens[#tokens + 1] = line end
    word, first = args[3], tonumber(args[4])
end

function request()
    local block, place = math.floor(sent / 256), sent % 256
    local lap = math.floor(place / 64)
    local member = members[first + block * 64 + place % 64 + 1]
    local headers = {
        ["Authorization"] = "Bearer " .. tokens[sent % #tokens + 1],
        ["Content-Type"] = "application/json",
        ["Idempotency-Key"] = word .. "-" .. sent,
    }
    sent = sent + 1
    local body = string.format('{"occurred_at":"2025-02-%02dT10:30:00+08:00","channel":"PHONE"}', lap + 1)
    return wrk.format("POST", "/v1/members/" .. member .. "/record-contact", headers, body)
end

function done(summary, latency)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format(
        '\n{"answers": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
        summary.requests, summary.duration / 1e6, errors.status, broken,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
