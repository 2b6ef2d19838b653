// Records of audit events and the like, made by hand: what links are read from.

#pragma once

#include <deque>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "ktrace/link_graph.h"

namespace ktrace::trace {

inline Time at(int seconds) { return Time(std::chrono::seconds(1'000'000 + seconds)); }

/// Records, and what they view.
struct Told {
  std::vector<Record> list;
  std::deque<std::string> texts;
};

/// A cluster that tells what happens in it, one record after the other.
class Teller {
 public:
  using Attributes = std::vector<std::pair<std::string, std::string>>;

  /// A record with these attributes; those that look like JSON are JSON.
  Record& tell(int time, const Attributes& attributes) {
    Record& record = records_.emplace_back();
    record.time = at(time);
    record.stamp.kind = Stamp::Kind::absolute;
    record.stamp.time = record.time;
    for (const auto& [key, value] : attributes) {
      const auto type = value.starts_with('{') || value.starts_with('[') ? Attribute::Type::json
                                                                         : Attribute::Type::string;
      record.attributes.push_back({keep(key), keep(value), type});
    }
    return record;
  }

  /// A log line: its message, and the same text as its payload.
  Record& log(int time, const std::string& text, const Attributes& attributes = {}) {
    Record& record = tell(time, attributes);
    record.message = record.payload = keep(text);
    return record;
  }

  /// A finished request. `meta` are the members of the answer's metadata.
  Record& request(int time, const std::string& id, const std::string& verb,
                  const std::string& resource, const std::string& name,
                  const std::string& meta = "", int code = 200, const std::string& sub = "") {
    const std::string slash = sub.empty() ? "" : fmt::format(R"(,"subresource":"{}")", sub);
    const std::string named = name.empty() ? "" : fmt::format(R"(,"name":"{}")", name);
    Attributes attributes{
        {"auditID", id},
        {"stage", "ResponseComplete"},
        {"verb", verb},
        {"requestReceivedTimestamp", format_rfc3339(at(time), 6)},
        {"objectRef",
         fmt::format(R"({{"resource":"{}","namespace":"default"{}{}}})", resource, named, slash)},
        {"responseStatus", fmt::format(R"({{"code":{}}})", code)}};
    if (!meta.empty()) {
      attributes.emplace_back("responseObject", fmt::format(R"({{"metadata":{{{}}}}})", meta));
    }
    return tell(time, attributes);
  }

  /// Metadata of an object in the namespace default; `owner`: the UID of its controller.
  static std::string meta(const std::string& name, const std::string& uid, int generation,
                          const std::string& owner = "") {
    std::string text = fmt::format(
        R"("name":"{}","namespace":"default","uid":"{}","generation":{})", name, uid, generation);
    if (!owner.empty()) {
      text += fmt::format(
          R"(,"ownerReferences":[{{"kind":"X","name":"x","uid":"{}","controller":true}}])", owner);
    }
    return text;
  }

  /// All links that were told so far.
  std::vector<Link> links() {
    std::vector<Link> links = kept_;
    LinkReader reader;
    for (const Record& record : records_) reader.read(record, arena_, links);
    return links;
  }

  /// Keeps the links of what was told so far, and forgets the records.
  void forget() {
    kept_ = links();
    records_.clear();
    texts_.clear();
  }

  /// The records themselves. Ends the teller's use.
  Told take() {
    Told told;
    for (Record& record : records_) told.list.push_back(std::move(record));
    told.texts = std::move(texts_);
    return told;
  }

  LinkGraph graph() {
    LinkGraph graph;
    graph.add(links());
    graph.settle();
    return graph;
  }

 private:
  // With room behind it, as parsers want.
  std::string_view keep(const std::string& text) {
    texts_.push_back(text + std::string(64, '\0'));
    return std::string_view(texts_.back()).substr(0, text.size());
  }

  std::deque<Record> records_;
  std::deque<std::string> texts_;
  std::vector<Link> kept_;
  Arena arena_;
};

}  // namespace ktrace::trace
