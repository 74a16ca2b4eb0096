-- wrk asks for (5+6)*2 again and again and counts the answers: right, a clear error that says what failed, or wrong.
-- Prints one line of JSON when it is done; times are in milliseconds.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  right, clear, wrong = 0, 0, 0
  first_wrong = ""
  wrk.method = "POST"
  wrk.body = "(5+6)*2"
end

function response(status, _, body)
  if status == 200 and body:match("^result = 22%s*$") then
    right = right + 1
  elseif (status == 502 or status == 504) and body:match("^error: the service %l+ ") then
    clear = clear + 1
  else
    wrong = wrong + 1
    first_wrong = first_wrong ~= "" and first_wrong or status .. " " .. body:gsub("[%c\"\\]", " ")
  end
end

function done(summary, latency)
  local counts = { right = 0, clear = 0, wrong = 0 }
  local example = ""
  for _, thread in ipairs(threads) do
    for name, count in pairs(counts) do
      counts[name] = count + thread:get(name)
    end
    example = example ~= "" and example or thread:get("first_wrong")
  end
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  print(string.format(
    '{"seconds": %.1f, "right": %d, "clear": %d, "wrong": %d, "first_wrong": "%s", "lost": %d, '
      .. '"median": %.0f, "p90": %.0f, "p99": %.0f, "longest": %.0f}',
    summary.duration / 1e6, counts.right, counts.clear, counts.wrong, example, lost,
    latency:percentile(50) / 1e3, latency:percentile(90) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
