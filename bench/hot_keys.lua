-- LOCK and UNLOCK in turn, over this number of keys (first argument).
local keys, i, held = 1000, 0, false
function init(args)
  keys = tonumber(args[1]) or keys
end
function request()
  held = not held
  if held then
    i = i + 1
    return wrk.format("GET", "/LOCK/key" .. i % keys .. "/bench")
  end
  return wrk.format("GET", "/UNLOCK/key" .. i % keys .. "/bench")
end
