// Many literals in one pass over a block.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ktrace::trace {

/// As LiteralSearch; for machines with AVX2 only. Thread-safe once built.
class ManyLiterals {
 public:
  /// How many bytes of each literal are compared first.
  static constexpr std::size_t kPiece = 3;

  explicit ManyLiterals(bool any_case) : any_case_(any_case) {}

  /// `literal`: not empty, in lower case when any_case. `piece`: where the bytes begin that are
  /// compared first, kPiece of them or up to the end.
  void add(std::string literal, std::size_t piece);

  /// Appends the positions at which literals begin, in no order, some perhaps twice.
  void find_all(std::string_view block, std::vector<std::size_t>& positions) const;

 private:
  static constexpr std::size_t kGroups = 8;

  static constexpr std::size_t kBuckets = 4096;

  struct Literal {
    std::string text;
    std::size_t piece;
  };
  using Literals = std::vector<Literal>;

  // Which groups may have a byte in this place of their pieces, by its lower and its upper half.
  struct Place {
    std::array<std::uint8_t, 16> low{}, high{};
  };

  // The bucket of the literals with the piece that begins at `text`, of which kPiece bytes are
  // readable.
  std::size_t bucket(const char* text) const;

  // Of the places of `mask` from `at` on: looks which literals begin there.
  void confirm_all(std::string_view block, std::size_t at, std::uint64_t mask,
                   std::vector<std::size_t>& positions) const;
  void confirm(std::string_view block, std::size_t at, const Literals& literals,
               std::vector<std::size_t>& positions) const;

  void find_avx2(std::string_view block, std::size_t begin,
                 std::vector<std::size_t>& positions) const;
  void find_avx512(std::string_view block, std::vector<std::size_t>& positions) const;

  bool any_case_;
  std::size_t added_ = 0;
  std::vector<Literals> buckets_ = std::vector<Literals>(kBuckets);
  Literals short_;  // with pieces of fewer bytes
  std::array<Place, kPiece> places_;
};

}  // namespace ktrace::trace
