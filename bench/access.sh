# shellcheck shell=bash disable=SC2317,SC2154,SC2034 # functions and variables of run.sh, support.sh
# What access rules and TLS cost, against the same server without them and against nginx.
# Sourced by run.sh.

# Makes $workdir/access.json, with the identity "bench" and its $token; and a certificate
# with its key.
make_access_files() {
  local lines
  mapfile -t lines < <(build/lockserver-caf token bench 2>/dev/null)
  token=${lines[0]}
  printf '{"identities": {"bench": {"tokens": ["%s"], "roles": ["all"], "owners": ["*"]}},
    "roles": {"all": [{"keys": "key", "allow": ["acquire"]}, {"keys": "other/", "allow": ["read"]}]}}' \
    "${lines[1]}" >"$workdir/access.json"
  chmod 600 "$workdir/access.json"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench \
    -keyout "$workdir/tls.key" -out "$workdir/tls.pem" 2>/dev/null
}

bench_access() {
  title "LOCK/UNLOCK, 1,000 hot keys: access rules and TLS"
  local token tls peers=(plain rights tls both)
  make_access_files
  tls=(--tls-certificate "$workdir/tls.pem" --tls-key "$workdir/tls.key")
  serve_ours plain
  serve_ours rights --access "$workdir/access.json"
  serve_ours tls "${tls[@]}"
  serve_ours both "${tls[@]}" --access "$workdir/access.json"
  load_plain() { measure "$pid_plain" wrk_load "$port_plain" bench/hot_keys.lua 1000; }
  load_rights() {
    local wrk_options=(-H "Authorization: Bearer $token")
    measure "$pid_rights" wrk_load "$port_rights" bench/hot_keys.lua 1000
  }
  load_tls() {
    local wrk_scheme=https
    measure "$pid_tls" wrk_load "$port_tls" bench/hot_keys.lua 1000
  }
  load_both() {
    local wrk_scheme=https wrk_options=(-H "Authorization: Bearer $token")
    measure "$pid_both" wrk_load "$port_both" bench/hot_keys.lua 1000
  }
  if have nginx; then
    serve_nginx_tls() {
      printf 'daemon off; master_process off; pid %s/nginx-tls.pid; error_log stderr;
        events { worker_connections 1024; }
        http { access_log off; keepalive_requests 1000000000; default_type text/plain;
          server { listen 127.0.0.1:%s ssl; ssl_certificate %s/tls.pem; ssl_certificate_key %s/tls.key;
            location / { return 200 "1479000000.123456\\n"; } } }' \
        "$workdir" "$1" "$workdir" "$workdir" >"$workdir/nginx-tls.conf"
      exec nginx -c "$workdir/nginx-tls.conf"
    }
    export -f serve_nginx_tls; export workdir
    serve nginx_tls bash -c 'serve_nginx_tls {port}'
    load_nginx_tls() {
      local wrk_scheme=https
      measure "$pid_nginx_tls" wrk_load "$port_nginx_tls" bench/constant.lua
    }
    peers+=(nginx_tls)
  fi
  compare "${peers[@]}"
  table_head
  row plain "without either"
  row rights "access rules"
  row tls "TLS"
  row both "both"
  verdict "CPU per request, access rules / without" "$(ratio rights plain)" 1.03
  verdict "CPU per request, TLS / without" "$(ratio tls plain)" 1.6
  if have nginx; then
    row nginx_tls "nginx, return 200, TLS"
    verdict "CPU per request, TLS / nginx TLS" "$(ratio tls nginx_tls)" 1.1
  fi
}
