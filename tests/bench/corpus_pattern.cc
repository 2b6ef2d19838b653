// Patterns are copied in stretches between their '$'; most records need five or ten of them, so
// that this is where the generator spends its time.

#include "corpus_pattern.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace ktrace::bench {
namespace {

constexpr std::array<std::string_view, 12> kNamespaces = {
    "default",  "team-a",  "team-b",  "payments",   "monitoring", "kube-system",
    "checkout", "ingress", "staging", "production", "batch",      "observability"};
constexpr std::array<std::string_view, 20> kWorkloads = {
    "nginx", "cart",   "catalog", "frontend", "worker",    "gateway",  "auth",
    "redis", "search", "mailer",  "invoice",  "inventory", "shipping", "recommendation",
    "web",   "db",     "agent",   "exporter", "scraper",   "renderer"};
constexpr std::array<std::string_view, 10> kResources = {
    "pods",      "configmaps", "secrets", "services", "serviceaccounts",
    "endpoints", "events",     "leases",  "nodes",    "persistentvolumeclaims"};
constexpr std::array<std::string_view, 8> kGroupVersions = {
    "v1.apps", "v1.batch",       "v1.rbac.authorization.k8s.io", "v1.coordination.k8s.io",
    "v1.",     "v2.autoscaling", "v1.discovery.k8s.io",          "v1.networking.k8s.io"};
constexpr std::array<std::string_view, 4> kStaticPods = {
    "etcd-node1", "kube-apiserver-node1", "kube-controller-manager-node1", "kube-scheduler-node1"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

template <std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& names, std::uint64_t seed) {
  return names[seed % N];
}

std::uint64_t of_workload(const Scene& scene, char what) {
  return mix(scene.subject, static_cast<std::uint64_t>(what));
}

std::uint64_t of_pod(const Scene& scene, char what) {
  return mix(of_workload(scene, what), scene.pod + 1u);
}

std::uint64_t of_record(const Scene& scene, char what) {
  return mix(scene.record, static_cast<std::uint64_t>(what));
}

// Kubernetes' own alphabet for generated names: no vowels, so that no words come about.
void append_suffix(std::uint64_t seed, unsigned count, std::string& out) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  for (; count > 0; --count, seed /= kAlphabet.size()) out += kAlphabet[seed % kAlphabet.size()];
}

void append_uuid(std::uint64_t seed, std::string& out) {
  const std::size_t begin = out.size();
  append_hex(seed, 32, out);
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) out.insert(begin + dash, 1, '-');
  out[begin + 14] = '4';  // a random UUID: version 4, variant 10xx
  out[begin + 19] = "89ab"[seed & 3];
}

// `whole`.`fraction` with `digits` digits, as Go prints durations: no trailing zeros.
void append_decimal(std::uint64_t whole, std::uint64_t fraction, unsigned digits,
                    std::string& out) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), whole);
  if (fraction == 0) return;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(".{:0{}}"), fraction, digits);
  out.erase(out.find_last_not_of('0') + 1);
}

void append_duration(std::uint64_t nanoseconds, std::string& out) {
  if (nanoseconds < 1'000'000) {
    append_decimal(nanoseconds / 1000, nanoseconds % 1000, 3, out);
    out += "µs";
  } else if (nanoseconds < 1'000'000'000) {
    append_decimal(nanoseconds / 1'000'000, nanoseconds % 1'000'000, 6, out);
    out += "ms";
  } else {
    append_decimal(nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000, 9, out);
    out += 's';
  }
}

// A quarter below a millisecond, some above ten, the rest between.
std::uint64_t latency(const Scene& scene) {
  Random random(of_record(scene, 'l'));
  const std::uint32_t band = random.below(20);
  if (band < 5) return 200'000 + random.below(800'000);
  if (band < 17) return 1'000'000 + random.below(9'000'000);
  return 10'000'000 + random.below(40'000'000);
}

std::uint64_t long_latency(const Scene& scene) {
  return 500'000'000 + mix(scene.request, 'w') % 8'000'000'000u;
}

void append_workload(const Scene& scene, std::string& out) {
  const std::uint64_t seed = of_workload(scene, 'd');
  out += pick(kWorkloads, seed);
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("-{}"), seed / 64 % 100);
}

void append_replica_set(const Scene& scene, std::string& out) {
  append_workload(scene, out);
  out += '-';
  append_suffix(of_workload(scene, 'r'), 10, out);
}

void append_pod(const Scene& scene, std::string& out) {
  append_replica_set(scene, out);
  out += '-';
  append_suffix(of_pod(scene, 'p'), 5, out);
}

std::int64_t microseconds(const Scene& scene) { return scene.now.fraction.count() / 1000; }

void append_date(const Scene& scene, char separator, std::string& out) {
  const CivilTime& now = scene.now;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}"),
                 now.year, now.month, now.day, separator, now.hour, now.minute, now.second);
}

void append_time_of_day(const Scene& scene, std::string& out) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:02}:{:02}:{:02}.{:03}"), scene.now.hour,
                 scene.now.minute, scene.now.second, microseconds(scene) / 1000);
}

void append_time(char letter, const Scene& scene, std::string& out) {
  switch (letter) {
    case 't':
      append_date(scene, 'T', out);
      out += 'Z';
      break;
    case 'G':
      append_date(scene, ' ', out);
      out += " +0000 UTC";
      break;
    case 'g':
      append_date(scene, ' ', out);
      fmt::format_to(std::back_inserter(out), FMT_COMPILE(".{:06}301 +0000 UTC m=+{}.{:06}937"),
                     microseconds(scene), scene.now.hour * 3600 + scene.now.minute * 60,
                     microseconds(scene));
      break;
    case 'b':
      fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:02}-{}-{} "), scene.now.day,
                     kMonths[scene.now.month - 1], scene.now.year);
      append_time_of_day(scene, out);
      break;
    default:
      append_time_of_day(scene, out);
      break;
  }
}

void append_number(char letter, const Scene& scene, std::string& out) {
  const std::uint64_t seed = of_record(scene, letter);
  std::uint64_t number = 0;
  switch (letter) {
    case 'T':
      number = scene.script % 0x7fffffff;
      break;
    case 'm':
      number = long_latency(scene) / 1'000'000;
      break;
    case 'V':
      number = 1'000'000 + seed % 9'000'000;
      break;
    case 'o':
      number = 32768 + seed % 28000;
      break;
    case 'f':
      number = 1'000'000'000'000'000 + seed % 9'000'000'000'000'000;
      break;
    default:
      number = 10 + seed % 90;
      break;
  }
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), number);
}

void append_letter(char letter, const Scene& scene, std::string& out) {
  switch (letter) {
    case 'n':
      out += pick(kNamespaces, of_workload(scene, letter));
      break;
    case 'd':
      append_workload(scene, out);
      break;
    case 'r':
      append_replica_set(scene, out);
      break;
    case 'p':
      append_pod(scene, out);
      break;
    case 'u':
      append_uuid(of_pod(scene, letter), out);
      break;
    case 'U':
      append_uuid(of_workload(scene, letter), out);
      break;
    case 'v':
      append_suffix(of_pod(scene, letter), 5, out);
      break;
    case 'k':
      out += "node1";
      break;
    case 'c':
    case 'C':
      append_hex(of_pod(scene, letter), 64, out);
      break;
    case 's':
      out += pick(kStaticPods, scene.record);
      break;
    case 'S':
      append_hex(mix(scene.record % kStaticPods.size(), 'S'), 32, out);
      break;
    case 'a':
      append_uuid(scene.request, out);
      break;
    case 'R':
      out += pick(kResources, of_record(scene, letter));
      break;
    case 'A':
      out += pick(kGroupVersions, of_record(scene, letter));
      break;
    case 'l':
      append_duration(latency(scene), out);
      break;
    case 'e':
      append_duration(latency(scene) / 8 * 7, out);
      break;
    case 'w':
      append_duration(long_latency(scene), out);
      break;
    case 'K':
      out += "v1.34.9 (linux/amd64) kubernetes/473c3de";
      break;
    case 'W':
      expand(
          "for volume \"kube-api-access-$v\" (UniqueName: \"kubernetes.io/projected/$u-kube-api-"
          "access-$v\") pod \"$p\" (UID: \"$u\") ",
          scene, out);
      break;
    case 'x':
      out += "docker.io/library/";
      append_workload(scene, out);
      out += ":1.27";
      break;
    case 't':
    case 'g':
    case 'G':
    case 'b':
    case 'h':
      append_time(letter, scene, out);
      break;
    case '$':
      out += '$';
      break;
    default:
      append_number(letter, scene, out);
      break;
  }
}

}  // namespace

void append_hex(std::uint64_t seed, unsigned count, std::string& out) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 64> digits;
  for (unsigned i = 0; i < count; i += 16) {
    std::uint64_t bits = mix(seed, i);
    for (unsigned k = 0; k < 16; ++k, bits >>= 4) digits[i + k] = kDigits[bits & 15];
  }
  out.append(digits.data(), count);
}

void expand(std::string_view pattern, const Scene& scene, std::string& out) {
  while (true) {
    const std::size_t dollar = pattern.find('$');
    out += pattern.substr(0, dollar);
    if (dollar == pattern.npos) return;
    append_letter(pattern[dollar + 1], scene, out);
    pattern.remove_prefix(dollar + 2);
  }
}

}  // namespace ktrace::bench
