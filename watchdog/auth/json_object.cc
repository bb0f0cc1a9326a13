#include "auth/json_object.h"

#include <utility>
#include <vector>

namespace watchdog {

namespace {

using Json = nlohmann::ordered_json;

// Builds the values while the text is read, and stops at the first thing that is refused. The
// library's own parse() takes the last of two members without a word, and its callback cannot stop
// it.
class Builder {
 public:
  bool null() { return add(nullptr) != nullptr; }
  bool boolean(bool value) { return add(value) != nullptr; }
  bool number_integer(int64_t value) { return add(value) != nullptr; }
  bool number_unsigned(uint64_t value) { return add(value) != nullptr; }
  bool number_float(double value, const std::string&) { return add(value) != nullptr; }
  bool string(std::string& value) { return add(std::move(value)) != nullptr; }
  bool binary(Json::binary_t&) { return false; }  // JSON has none

  bool start_object(size_t) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool start_array(size_t) { return open(Json::array()); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    const Json& object = *open_.back();
    if (object.size() == kMostJsonMembers) return refuse("has too many members in an object");
    if (object.find(name) != object.end()) return refuse("has a member twice");
    name_ = std::move(name);
    return true;
  }

  bool parse_error(size_t, const std::string&, const Json::exception&) {
    return refuse("is not JSON");
  }

  Json& result() { return result_; }
  const char* problem() const { return problem_; }

 private:
  // Returns where the value is now: it stays there while it is open, for then what holds it does
  // not grow. Null where it is refused.
  Json* add(Json value) {
    if (++values_ > kMostJsonValues) {
      refuse("has too many values");
      return nullptr;
    }
    if (open_.empty()) return &(result_ = std::move(value));
    Json& parent = *open_.back();
    if (parent.is_object()) return &(parent[name_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool open(Json value) {
    if (open_.size() == kMostJsonDepth) return refuse("is nested too deeply");
    Json* const added = add(std::move(value));
    if (added == nullptr) return false;
    open_.push_back(added);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  bool refuse(const char* problem) {
    problem_ = problem;
    return false;
  }

  Json result_;
  std::vector<Json*> open_;  // the objects and arrays that have not ended, the outermost first
  std::string name_;         // of the member whose value comes next
  size_t values_ = 0;
  const char* problem_ = "is not JSON";
};

}  // namespace

Result<Json> parse_json_object(std::string_view text) {
  // The library takes a NUL byte for the end, and skips a byte order mark.
  if (text.find('\0') != std::string_view::npos || text.starts_with('\xef')) {
    return Error{"is not JSON"};
  }
  Builder builder;
  if (!Json::sax_parse(text, &builder)) return Error{builder.problem()};
  if (!builder.result().is_object()) return Error{"is not a JSON object"};
  return std::move(builder.result());
}

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

const std::string* string_member(const Json& object, const char* name) {
  const Json* const found = member(object, name);
  return found == nullptr ? nullptr : found->get_ptr<const Json::string_t*>();
}

}  // namespace watchdog
