#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/address_set.h"
#include "base/result.h"
#include "base/text.h"
#include "base/time.h"
#include "config/config.h"

namespace watchdog {

// What a shell completes a value with.
enum class Completion { kWords, kFolders, kFiles, kCommands };

// A kind of values: how they are read and shown. One constexpr object per kind (option_types.cc's
// functions, options.cc's rows).
template <typename T>
struct ValueType {
  std::string_view placeholder;  // "DURATION", for the help
  // The error says in a few words what is wrong, and what is accepted.
  Result<T> (*parse)(std::string_view text);
  std::string (*print)(const T& value);  // in the one spelling that --check-config shows
  std::vector<std::string_view> (*words)() = nullptr;  // those that can be named; mostly none
  Completion completion = Completion::kWords;
};

// The value of one option: its kind, bound to its member of Config.
struct OptionValue {
  // Takes `text` into the config, or says in a few words why it cannot.
  std::optional<std::string> (*apply)(Config&, std::string_view text);
  // The value as `apply` takes it, on one line; nothing where it is unset.
  std::optional<std::string> (*print)(const Config&);
  std::string_view placeholder;
  std::vector<std::string_view> (*words)() = nullptr;
  Completion completion = Completion::kWords;
  bool secret = false;  // the status page masks it

  std::vector<std::string_view> choices() const {
    return words == nullptr ? std::vector<std::string_view>{} : words();
  }
  // The same value, which --check-config shows in another way.
  constexpr OptionValue shown_by(std::optional<std::string> (*other)(const Config&)) const {
    OptionValue value = *this;
    value.print = other;
    return value;
  }
  constexpr OptionValue kept_secret() const {
    OptionValue value = *this;
    value.secret = true;
    return value;
  }
};

namespace option_detail {

template <typename T>
struct Stored {
  using Type = T;
  static bool is_set(const T&) { return true; }
  static const T& get(const T& member) { return member; }
};
template <typename T>
struct Stored<std::optional<T>> {
  using Type = T;
  static bool is_set(const std::optional<T>& member) { return member.has_value(); }
  static const T& get(const std::optional<T>& member) { return *member; }
};
// An empty text or command is unset.
template <typename T>
struct StoredSequence {
  using Type = T;
  static bool is_set(const T& member) { return !member.empty(); }
  static const T& get(const T& member) { return member; }
};
template <>
struct Stored<std::string> : StoredSequence<std::string> {};
template <>
struct Stored<std::vector<std::string>> : StoredSequence<std::vector<std::string>> {};

template <auto kMember, const auto& kType>
std::optional<std::string> apply(Config& config, std::string_view text) {
  auto value = kType.parse(text);
  if (!value) return value.error();
  using Member = std::remove_reference_t<decltype(config.*kMember)>;
  config.*kMember = static_cast<typename Stored<Member>::Type>(std::move(*value));
  return std::nullopt;
}

template <auto kMember, const auto& kType>
std::optional<std::string> print(const Config& config) {
  using Member = std::remove_cvref_t<decltype(config.*kMember)>;
  if (!Stored<Member>::is_set(config.*kMember)) return std::nullopt;
  return kType.print(Stored<Member>::get(config.*kMember));
}

}  // namespace option_detail

// `kType`, kept in `kMember`; where that is a std::optional, empty is unset.
template <auto kMember, const auto& kType>
constexpr OptionValue bind() {
  return {option_detail::apply<kMember, kType>, option_detail::print<kMember, kType>,
          kType.placeholder, kType.words, kType.completion};
}

// "not PORT; it accepts WHAT".
Error refusal(std::string_view kind, std::string_view accepted);
// "text, json or xml".
std::string one_of(const std::vector<std::string_view>& words);

// The word for each value of an enumeration.
template <typename T>
struct Word {
  std::string_view text;
  T value;
};

template <const auto& kWords>
std::vector<std::string_view> words_of() {
  std::vector<std::string_view> words;
  for (const auto& word : kWords) words.push_back(word.text);
  return words;
}

template <typename T, const auto& kWords, const auto& kKind>
Result<T> parse_word(std::string_view text) {
  for (const auto& word : kWords) {
    if (word.text == text) return word.value;
  }
  return refusal(kKind, one_of(words_of<kWords>()));
}

template <typename T, const auto& kWords>
std::string print_word(const T& value) {
  for (const auto& word : kWords) {
    if (word.value == value) return std::string(word.text);
  }
  return {};
}

// Words are all that it takes; `kKind` is "a log format".
template <typename T, const auto& kWords, const auto& kKind>
constexpr ValueType<T> word_type() {
  return {"WORD", parse_word<T, kWords, kKind>, print_word<T, kWords>, words_of<kWords>};
}

// The kinds of values; each parser says what it refuses.

Result<std::vector<std::string>> parse_command(std::string_view text);
std::string print_command(const std::vector<std::string>& words);
Result<ModeInfo> parse_mode(std::string_view text);
std::vector<std::string_view> mode_words();
Result<std::string> parse_folder(std::string_view text);
Result<std::string> parse_file(std::string_view text);
Result<std::string> parse_keys(std::string_view text);
Result<std::string> parse_url(std::string_view text);
Result<std::string> parse_signature_scheme(std::string_view text);
std::vector<std::string_view> signature_words();
Result<std::string> parse_field_value(std::string_view text);
Result<std::string> parse_variable_prefix(std::string_view text);
Result<std::string> parse_site_file(std::string_view text);
Result<std::string> parse_script(std::string_view text);
Result<std::string> parse_script_name_prefix(std::string_view text);
Result<std::string> parse_origin(std::string_view text);
Result<std::string> parse_upstream(std::string_view text);
Result<std::string> parse_listen_address(std::string_view text);
Result<std::string> parse_ready_path(std::string_view text);
Result<uint64_t> parse_port(std::string_view text);
Result<uint64_t> parse_count(std::string_view text);
Result<uint64_t> parse_million(std::string_view text);
Result<uint64_t> parse_instances(std::string_view text);
Result<uint64_t> parse_workers(std::string_view text);
Result<uint64_t> parse_line_limit(std::string_view text);
Result<Duration> parse_progress_timeout(std::string_view text);
Result<Duration> parse_shutdown_timeout(std::string_view text);
Result<int> parse_signal(std::string_view text);
std::string print_signal(const int& number);
std::vector<std::string_view> signal_words();

std::string print_bool(const bool& value);
std::vector<std::string_view> bool_words();
std::string print_duration(const Duration& value);
std::string print_number(const uint64_t& value);
std::string print_workers(const uint64_t& value);
std::string print_text(const std::string& value);
std::string print_mode(const ModeInfo& mode);
std::string print_addresses(const AddressSet& addresses);

using Text = ValueType<std::string>;
using Number = ValueType<uint64_t>;

inline constexpr ValueType<std::vector<std::string>> kCommand = {
    "COMMAND", parse_command, print_command, nullptr, Completion::kCommands};
inline constexpr ValueType<ModeInfo> kMode = {"MODE", parse_mode, print_mode, mode_words};
inline constexpr ValueType<bool> kBoolean = {"BOOL", parse_bool, print_bool, bool_words};
inline constexpr ValueType<Duration> kDuration = {"DURATION", parse_duration, print_duration};
inline constexpr ValueType<Duration> kProgressTimeout = {"DURATION", parse_progress_timeout,
                                                         print_duration};
inline constexpr ValueType<Duration> kShutdownTimeout = {"DURATION", parse_shutdown_timeout,
                                                         print_duration};
inline constexpr Number kSize = {"BYTES", parse_size, print_number};
inline constexpr Number kLineLimit = {"BYTES", parse_line_limit, print_number};
inline constexpr Number kPort = {"PORT", parse_port, print_number};
inline constexpr Number kCount = {"NUMBER", parse_count, print_number};
inline constexpr Number kUpToAMillion = {"NUMBER", parse_million, print_number};
inline constexpr Number kInstances = {"NUMBER", parse_instances, print_number};
inline constexpr Number kWorkers = {"NUMBER", parse_workers, print_workers,
                                    [] { return std::vector<std::string_view>{"auto"}; }};
inline constexpr Text kFolder = {"FOLDER", parse_folder, print_text, nullptr, Completion::kFolders};
inline constexpr Text kFile = {"FILE", parse_file, print_text, nullptr, Completion::kFiles};
inline constexpr Text kKeys = {"FILE_OR_URL", parse_keys, print_text, nullptr, Completion::kFiles};
inline constexpr Text kHttpUrl = {"URL", parse_url, print_text};
inline constexpr Text kSignatureScheme = {"SCHEME", parse_signature_scheme, print_text,
                                          signature_words};
inline constexpr Text kFieldValue = {"TEXT", parse_field_value, print_text};
inline constexpr Text kVariablePrefix = {"PREFIX", parse_variable_prefix, print_text};
inline constexpr Text kSiteFile = {"PATH", parse_site_file, print_text};
inline constexpr Text kScript = {"PATH", parse_script, print_text};
inline constexpr Text kScriptNamePrefix = {"PATH", parse_script_name_prefix, print_text};
inline constexpr Text kOrigin = {"ORIGIN", parse_origin, print_text};
inline constexpr Text kUpstream = {"URL", parse_upstream, print_text};
inline constexpr Text kListenAddress = {"ADDRESS", parse_listen_address, print_text};
inline constexpr Text kReadyPath = {"PATH", parse_ready_path, print_text};
inline constexpr ValueType<int> kSignal = {"SIGNAL", parse_signal, print_signal, signal_words};
inline constexpr ValueType<AddressSet> kAddresses = {
    "NETWORKS", AddressSet::parse, print_addresses, [] {
      return std::vector<std::string_view>{"private", "all", "none"};
    }};

}  // namespace watchdog
