-- The same request all the time.
function request()
  return wrk.format("GET", "/PING")
end
