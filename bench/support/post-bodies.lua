-- For wrk: POSTs the JSON bodies of a file, one on each line, in turn.
local requests, next_request = {}, 0

function init(args)
  for body in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", "/get-online-features", { ["Content-Type"] = "application/json" }, body)
  end
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end
