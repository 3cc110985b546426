-- LOCK and UNLOCK in turn, a new key every time.
local i, held = 0, false
function request()
  held = not held
  if held then
    i = i + 1
  end
  return wrk.format("GET", (held and "/LOCK/new" or "/UNLOCK/new") .. i .. "/bench")
end
