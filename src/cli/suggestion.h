// What a mistyped word was meant to be.

#pragma once

#include <string>
#include <vector>

namespace ktrace::cli {

/// "; did you mean --since?" for a word that is nearly one of `names`; otherwise nothing.
std::string suggestion(const std::string& word, const std::vector<std::string>& names);

}  // namespace ktrace::cli
