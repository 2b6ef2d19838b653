// Links: what records say about how things belong together, each kind of link in one place.
//
// A stock cluster prints no trace ID, but it tells in many places that one thing has to do with
// another: the audit log says which request touched which object, an object names its owner, a
// span its request. A *thing* is whatever can be followed from record to record: a request (by its
// audit ID), a trace, an object, a container. A *link* leads from one thing to another, was told by
// one record (its evidence), and is of one kind; link_kinds() is the table of these.
//
// All functions are pure and thread-safe.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/arena.h"
#include "ktrace/record.h"
#include "ktrace/word_places.h"

namespace ktrace::trace {

/// A request (id: audit ID), trace (id: trace ID in lower case), object, or container (id) of a
/// record; its views live as long as what they were made from.
struct Thing {
  enum class Kind : std::uint8_t { none, request, trace, object, container };

  Kind kind = Kind::none;
  std::string_view type;   ///< of an object: its resource, as in URIs ("deployments"); may be empty
  std::string_view space;  ///< of an object: its namespace; empty for cluster-wide objects
  std::string_view name;   ///< of an object
  std::string_view id;     ///< of an object: its UID; may be empty when it has a name

  explicit operator bool() const { return kind != Kind::none; }
  friend bool operator==(const Thing&, const Thing&) = default;
};

/// "deployment default/nginx", "request 14d01e58-…", as people read it.
std::string describe(const Thing& thing);

/// The resource of a kind or of its usual abbreviation: "Deployment", "deploy" → "deployments".
std::string resource_of(std::string_view kind);

/// Where a record stands.
struct Evidence {
  std::uint32_t source = 0;
  std::uint64_t offset = 0;

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// What a request did to an object.
enum class Effect : std::uint8_t {
  none,     ///< no request, or one that failed, read, or wrote only a status
  created,  ///< it was not there before
  changed,  ///< what is wanted of it was changed, if its version differs from the one before
  scaled,   ///< the same, but the answer tells no version
  deleted,
};

/// One link. Its views point into the arena that it was made in. A link from nothing says that its
/// record would tell links of its kind if it were whole: an audit event or a span that is cut
/// short.
struct Link {
  std::uint8_t kind = 0;  ///< a row of link_kinds()
  Thing from, to;
  Time time{};  ///< when it came to be
  Effect effect = Effect::none;
  std::string_view version;  ///< of the object after a request: generation, or resourceVersion
  bool ready = false;        ///< so is the object, as the answer tells
  Evidence evidence;
};

struct RecordFacts;
struct FactScratch;

/// One kind of link: a row of the table.
struct LinkKind {
  std::string_view name;         ///< as in `via`
  std::string_view description;  ///< one line
  std::string_view forth;        ///< what `to` is to `from`: "owned by"
  std::string_view back;         ///< what `from` is to `to`: "owner of"
  void (*extract)(const RecordFacts& facts, class LinkMaker& make);
};

std::span<const LinkKind> link_kinds();

/// What `to` is to `from` in words ("owned by"), when a link of that kind was gone along so.
std::string_view relation(std::string_view kind, const Thing& from, const Thing& to);

/// The place in link_kinds() of the kind of that name.
std::uint8_t link_kind(std::string_view name);

/// Reads links out of records. For one thread.
class LinkReader {
 public:
  LinkReader();
  ~LinkReader();
  LinkReader(LinkReader&&) noexcept;
  LinkReader& operator=(LinkReader&&) noexcept;

  /// Appends all links that `record` tells to `links`. What they say is copied into `arena`.
  /// `record.time`, source and offset are filled in. Of an audit event or a span that is cut short
  /// there is a link from nothing; a record that is odd otherwise tells none.
  void read(const Record& record, Arena& arena, std::vector<Link>& links);

 private:
  std::unique_ptr<FactScratch> scratch_;
};

/// Literals one of which stands in every record that a LinkReader has something to tell of, but
/// for request lines: only those of requests that are asked for are worth while. A WordReader finds
/// them by a rare word in each.
std::span<const WordLiteral> link_literals();

}  // namespace ktrace::trace
