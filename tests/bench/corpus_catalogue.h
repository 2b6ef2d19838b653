// What the components of the benchmark's cluster say, as data: logging statements, and the scripts
// in which they follow each other.
//
// Texts are patterns: '$' and one letter stand for something that differs from record to record.
//   $n namespace          $d workload            $r replica set         $p pod (its name)
//   $u pod's UID          $U workload's UID      $v volume's suffix     $k node
//   $c container's ID     $C sandbox's ID        $s static pod          $S its 32-digit UID
//   $a audit ID           $T utiltrace's number  $R resource            $A API group version
//   $l latency            $e a little less       $w a long latency      $m the same in ms
//   $i number below 100   $V resource version    $o port                $f fraction below 1
//   $t RFC 3339           $g Go's time           $G the same, short     $b utiltrace's date
//   $h time of day        $x an image            $W of a volume          $K Kubernetes' version
//   $$ a dollar sign
// Statements, keys, callers and the shapes of values are those of Kubernetes 1.34 at -v=4.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ktrace::bench {

enum class Component : std::uint8_t { apiserver, controller_manager, scheduler, kubelet };

inline constexpr std::array<std::string_view, 4> kFileNames = {
    "kube-apiserver.log", "kube-controller-manager.log", "kube-scheduler.log", "kubelet-node1.log"};

/// How the two formats print a value.
enum class Kind : std::uint8_t {
  string,   ///< quoted; in text several lines become a =< block
  json,     ///< as it is: numbers, booleans, objects
  object,   ///< "namespace/name" or "name": {"name":…,"namespace":…} in JSON
  objects,  ///< any number of them, separated by a space
};

/// Where a pair comes from, which JSON shows and text does not.
enum class Place : std::uint8_t {
  call,     ///< an argument of the logging call: stands behind "v"
  context,  ///< the logger's own (WithValues): stands before "v"
  both,     ///< given twice: JSON prints it twice
};

struct Pair {
  std::string_view key;
  Kind kind;
  std::string_view pattern;
  Place place = Place::call;
};

/// One logging statement.
struct Statement {
  Component component;
  char severity;            ///< I, W, E
  int verbosity;            ///< JSON's "v"
  std::string_view caller;  ///< with its directory, as JSON has it
  std::string_view logger;  ///< empty when it has no name
  std::string_view message;
  bool structured = true;  ///< false: a printf line
  std::vector<Pair> pairs = {};
  std::string_view error = {};  ///< "err" of an error
  bool request = false;         ///< ends one API request: the next audit ID begins
};

struct Step {
  std::uint32_t within_ms;  ///< at most so long after the step before
  Statement statement;
};
using Script = std::vector<Step>;

/// What a user or a controller does: a script, and one more for every pod that it touches.
struct Change {
  std::uint32_t weight;
  std::uint32_t most_pods;
  Script script;
  Script per_pod;
};

struct Background {
  std::uint32_t weight;
  Script script;
};

/// What carries trace IDs; the first one has 20 to 50 records.
std::vector<Change> make_changes();

std::vector<Background> make_background();

}  // namespace ktrace::bench
