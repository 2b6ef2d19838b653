#!/bin/sh
# Sets ktrace up on a fresh Debian 12.
#
#   ./setup.sh         installs the build dependencies, builds into build/, shows the example
#   ./setup.sh test    installs what the tests need, builds, runs all tests
#   ./setup.sh deps    only installs (with "deps ci" also what .ci/run needs)
#
# BUILD names another build directory; CMAKE_ARGS are passed to cmake.
set -eu
cd "$(dirname "$0")"
build=${BUILD:-build}
jobs=$(nproc)

libraries="libcli11-dev libre2-dev libsimdjson-dev libfmt-dev libhowardhinnant-date-dev tzdata
  libarchive-dev libbz2-dev libisal-dev liblz4-dev liblzma-dev libzstd-dev nettle-dev zlib1g-dev"
tools="cmake ninja-build g++ pkg-config"
test_tools="libgtest-dev libgmock-dev libbenchmark-dev python3 bzip2 gzip lz4 tar
  xz-utils zip zstd"
ci_tools="clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev mandoc git"

# Installs the packages that are missing; says so when it may not.
install() {
  missing=""
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  root=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup.sh: as root, install:$missing" >&2; exit 1; }
    root=sudo
  fi
  $root apt-get update -qq
  # shellcheck disable=SC2086  # a list of packages
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing
}

configure() {
  # shellcheck disable=SC2086  # a list of flags
  cmake -S . -B "$build" -G Ninja "$@" ${CMAKE_ARGS:-} >/dev/null
  cmake --build "$build" -j "$jobs"
}

# shellcheck disable=SC2086  # lists of packages
case ${1:-} in
  deps)
    install $tools $libraries $test_tools
    [ "${2:-}" != ci ] || install $ci_tools
    ;;
  test)
    install $tools $libraries $test_tools
    configure -DKTRACE_TESTS=ON
    ctest --test-dir "$build" --output-on-failure -j "$jobs"
    ;;
  "")
    install $tools $libraries
    configure -DKTRACE_TESTS=OFF -DKTRACE_BENCH=OFF
    echo
    echo "\$ ktrace grep 111 --year=2020 testdata/slides/*.log"
    "$build/ktrace" grep 111 --year=2020 testdata/slides/*.log
    echo
    echo "The program is $build/ktrace; 'cmake --install $build' puts it where you want it."
    ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
