#!/usr/bin/env bash
# Builds, runs and checks lockserver-caf; installs the Debian packages that are
# missing. See ./dev.sh --help.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'END'
./dev.sh COMMAND [ARGUMENTS]

  run [-- ARGUMENTS]   build the server and run it; try: ./dev.sh run -- --help
  build                build the library, the server and the examples
  test [ARGUMENTS]     build everything, with warnings as errors, and run the tests; ARGUMENTS go to
                       ctest, for instance -R unit
  sanitize [ARGUMENTS] run the tests, except the slow ones, with AddressSanitizer and UBSan, in
                       build-sanitize/
  race [ARGUMENTS]     run the tests of shared data, and a load with four threads, with
                       ThreadSanitizer, in build-race/
  torture [MINUTES]    kill the server and its clients and fill the disk, at random, for this time (6),
                       and check what the clients were told; see tests/reliability/
  fuzz [MINUTES]       test the parsers with random input, in build-fuzz/: for this time in all, or
                       without MINUTES with a fixed number of inputs; see tests/fuzz/
  lint                 run clang-format, shellcheck, the rules of the architecture and clang-tidy
  format               format all sources
  bench [NAME]         build and run a benchmark; without NAME: list them

Each command installs the packages that it needs (as root or with sudo; Debian 12, Debian 13,
Ubuntu 24.04), and builds in build/ unless another directory is named.
END
}

say() { printf '\n== %s\n' "$*" >&2; }

die() {
  printf 'dev.sh: %s\n' "$*" >&2
  exit 1
}

# -- packages ------------------------------------------------------------------

# Boost must be 1.81 or later. Debian 12 has it beside its default, 1.74.
boost_packages() {
  local codename=''
  if [ -r /etc/os-release ]; then
    # shellcheck disable=SC1091 # of the system
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME-}")
  fi
  if [ "$codename" = bookworm ]; then
    echo libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  else
    echo libboost-dev libboost-json-dev libboost-url-dev
  fi
}

# Installs the missing ones of these packages. Calls apt only if one is missing.
need() {
  local missing=() package sudo=''
  command -v dpkg-query >/dev/null || return 0 # not Debian: CMake says what is missing
  for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) missing+=("$package") ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing, and sudo is not installed: ${missing[*]}"
    sudo=sudo
  fi
  say "installing ${missing[*]}"
  $sudo apt-get update </dev/null >&2
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
    install -y --no-install-recommends "${missing[@]}" </dev/null >&2
}

need_for_build() {
  # shellcheck disable=SC2046 # several words
  need g++ cmake ninja-build ccache libcaf-dev $(boost_packages) libcli11-dev libspdlog-dev \
    libjemalloc-dev libsqlite3-dev libssl-dev
}

need_for_tests() {
  # Node.js compares the server with net/openapi.yaml, tmux is a terminal for lockctl,
  # HAProxy and nginx are the proxies, and wrk generates load.
  need catch2 curl openssl nodejs node-ajv node-js-yaml tmux haproxy nginx-light wrk
}

# -- building ------------------------------------------------------------------

# configure DIR OPTION...: adds the OPTIONs to those that DIR was configured with.
configure() {
  local dir=$1
  shift
  # With precompiled headers, ccache and the compiler must agree on what counts as a
  # change.
  cmake -S . -B "$dir" -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DCMAKE_CXX_FLAGS="${CXXFLAGS-} -fpch-preprocess" "$@" >&2
}

compile() {
  local dir=$1
  shift
  CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime \
    cmake --build "$dir" --parallel "$(nproc)" "$@" >&2
}

# Runs the tests of a build directory, two for each processor: most of them wait for most of
# their time. CTest's summary comes last.
check() {
  local dir=$1
  shift
  ctest --test-dir "$dir" --output-on-failure --parallel $((2 * $(nproc))) --no-tests=error "$@"
}

# -- commands ------------------------------------------------------------------

run() {
  [ "${1-}" != -- ] || shift
  need_for_build
  # A directory that another command has configured stays as it is.
  [ -f build/build.ninja ] || configure build -DLOCKSERVER_TESTS=OFF -DLOCKSERVER_EXAMPLES=OFF
  compile build --target lockserver-caf
  exec build/lockserver-caf "$@"
}

build() {
  need_for_build
  [ -f build/build.ninja ] || configure build -DLOCKSERVER_TESTS=OFF
  configure build -DLOCKSERVER_EXAMPLES=ON
  compile build
}

run_tests() {
  need_for_build
  need_for_tests
  configure build -DLOCKSERVER_TESTS=ON -DLOCKSERVER_EXAMPLES=ON -DLOCKSERVER_WERROR=ON
  compile build
  check build "$@"
}

# configure_sanitized DIR SANITIZERS: with -O1, which the sanitizers' authors recommend.
configure_sanitized() {
  configure "$1" -DLOCKSERVER_SANITIZE="$2" -DLOCKSERVER_TESTS=ON -DLOCKSERVER_EXAMPLES=ON \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG='-O1 -g1'
}

sanitize() {
  need_for_build
  need_for_tests
  configure_sanitized build-sanitize address,undefined
  compile build-sanitize
  # The slow tests wait for other programs, and have run without sanitizers.
  UBSAN_OPTIONS=print_stacktrace=1 check build-sanitize --label-exclude slow "$@"
}

# CTest calls a case "unit:its title". CAF needs no suppressions, see
# actors/compat/thread_sanitizer.cpp.
race() {
  need_for_build
  need_for_tests
  configure_sanitized build-race thread
  compile build-race --target unit actors scheduler lockserver-caf
  TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1" \
    check build-race --tests-regex '^(unit|actors|scheduler|race):' "$@"
}

# Three parts of equal length: on the disk; on a small file system of its own (root only)
# with two threads; and without waiting for the disk.
torture() {
  local seconds=$((${1:-6} * 20)) small=()
  need_for_build
  need_for_tests
  configure build -DLOCKSERVER_TESTS=ON
  compile build --target torture lockserver-caf
  [ "$(id -u)" -ne 0 ] || small=(--disk 96)
  build/tests/torture --program build/lockserver-caf --seconds $seconds
  build/tests/torture --program build/lockserver-caf --seconds $seconds "${small[@]}" \
    --option=--threads --option=2
  build/tests/torture --program build/lockserver-caf --seconds $seconds \
    --option=--sync --option=off
}

# The output of a target goes to build-fuzz/TARGET.log. Inputs that fail are kept in
# build-fuzz/. To repeat one: build-fuzz/tests/fuzz/fuzz_TARGET FILE
fuzz() {
  local targets=() target limit failed=0
  [ -z "${1-}" ] || [[ $1 =~ ^[1-9][0-9]*$ ]] || die "fuzz: MINUTES must be a whole number: $1"
  need_for_build
  need clang libclang-rt-dev
  cmake -S . -B build-fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DLOCKSERVER_FUZZ=ON \
    -DLOCKSERVER_TESTS=OFF -DLOCKSERVER_EXAMPLES=OFF -DLOCKSERVER_WERROR=ON \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >&2
  compile build-fuzz --target fuzz
  for target in tests/fuzz/corpus/*; do
    targets+=("${target##*/}")
  done
  for target in "${targets[@]}"; do
    case ${1-}/$target in
      /tls_records) limit=-runs=10000 ;; # most of its inputs take a handshake, so a millisecond
      /*) limit=-runs=100000 ;;
      *) limit=-max_total_time=$(($1 * 60 / ${#targets[@]})) ;;
    esac
    # libFuzzer writes new inputs to the first directory, and not to the seeds.
    mkdir -p "build-fuzz/corpus/$target"
    if build-fuzz/tests/fuzz/fuzz_"$target" "$limit" -max_len=20480 -timeout=10 \
      -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix=build-fuzz/ \
      "build-fuzz/corpus/$target" "tests/fuzz/corpus/$target" >"build-fuzz/$target.log" 2>&1; then
      printf '%s: %s inputs, nothing found\n' "$target" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$target.log")"
    else
      failed=1
      say "$target failed"
      tail -60 "build-fuzz/$target.log" >&2
    fi
  done
  [ $failed -eq 0 ] || die 'fuzz: see above'
}

# The project's C++ sources, committed or not yet.
sources() {
  git ls-files --cached --others --exclude-standard -- '*.hpp' '*.cpp' \
    | while read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

scripts() {
  git ls-files --cached --others --exclude-standard -- '*.sh' .ci/run \
    | while read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

format() {
  need git clang-format
  sources | xargs clang-format -i
}

bench() {
  [ -x bench/run.sh ] || die 'there are no benchmarks yet (bench/run.sh)'
  need_for_build
  need wrk redis-server redis-tools nginx-light etcd-server curl sqlite3 haproxy nodejs
  [ -f build/build.ninja ] || configure build -DLOCKSERVER_TESTS=OFF
  configure build -DLOCKSERVER_BENCH=ON
  compile build
  exec bench/run.sh "$@"
}

# rule SENTENCE FILES PATTERN [EXCEPT]: fails for every line that matches PATTERN, in
# files whose names match FILES and not EXCEPT.
rule() {
  local files found
  files=$(sources | grep -E "$2" | grep -vE "${4:-^$}") || return 0
  # shellcheck disable=SC2086 # names without blanks
  if found=$(grep -nE "$3" /dev/null $files); then
    printf '%s:\n%s\n' "$1" "$found" >&2
    return 1
  fi
}

rules() {
  local failed=0
  # What a folder may include is checked by the compiler, see cmake/Room.cmake.
  rule "Only these know CAF's version" '' \
    '^#\s*(if|elif).*(CAF_VERSION|CAF_MAJOR|CAF_MINOR|LOCKSERVER_CAF)' \
    '^(actors/compat/|include/lockserver/detail/caf\.hpp|tests/support/test_system\.hpp|examples/)' \
    || failed=1
  rule 'actors/rules/ knows no CAF, no log and no store' '^actors/rules/' \
    '^#include <(caf/|spdlog/|sqlite3|boost/(asio|beast))' || failed=1
  rule 'What reads text and writes it knows no CAF' \
    '^(net/dialects/(lock_server_text|json_members|target)|net/http/(request_|http_answer))' \
    '^#include <caf/' || failed=1
  rule 'net/access/ knows no CAF, no log and no sockets' '^net/access/' \
    '^#include <(caf/|spdlog/|boost/beast|boost/asio\.hpp|boost/asio/ip/tcp)' || failed=1
  rule 'Only store/sqlite/ knows SQLite' '' '^#include <sqlite3' '^store/sqlite/' || failed=1
  rule 'store/ knows neither CAF nor Boost' '^store/' '^#include <(caf|boost)/' || failed=1
  rule 'The HTTP client and lockctl know neither CAF nor the log' '^(net/client|apps/lockctl)/' \
    '^#include <(caf|spdlog)/' || failed=1
  rule "A program's files are included by that program alone" '^(actors|store|net|include)/' \
    '^#include "(apps|tests)/' || failed=1
  rule 'Users of the library do not pay for all of CAF' '^(include|net/client_actor)/' \
    '^#include <caf/all\.hpp>' || failed=1
  rule 'Tests wait for conditions, they do not sleep' '^tests/' \
    'sleep_for|sleep_until|usleep|[^a-z_]sleep\(' || failed=1
  return $failed
}

lint() {
  need_for_build
  need git clang-format clang-tidy shellcheck
  local failed=0
  say 'clang-format'
  sources | xargs clang-format --dry-run --Werror || failed=1
  say 'shellcheck'
  scripts | xargs shellcheck --external-sources || failed=1
  say 'rules of the architecture'
  rules || failed=1
  say 'clang-tidy'
  # clang cannot read gcc's precompiled headers: a directory without them.
  cmake -S . -B build-lint -G Ninja -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
    -DLOCKSERVER_TESTS=ON -DLOCKSERVER_BENCH=ON -DLOCKSERVER_EXAMPLES=ON >/dev/null
  # tests/fuzz has warnings of its own when clang builds it.
  sources | grep '\.cpp$' | grep -v '^tests/fuzz/' \
    | xargs -P "$(nproc)" -n 1 clang-tidy -p build-lint --quiet --warnings-as-errors='*' \
      2> >(grep -vE '^[0-9]+ warnings? (generated|treated)' >&2) || failed=1
  [ $failed -eq 0 ] || die 'lint: see above'
  say 'lint: no errors'
}

case ${1-} in
  run | build | sanitize | race | torture | fuzz | lint | format | bench)
    command=$1
    shift
    "$command" "$@"
    ;;
  test)
    shift
    run_tests "$@"
    ;;
  '' | -h | --help | help) usage ;;
  *)
    usage >&2
    die "no such command: $1"
    ;;
esac
