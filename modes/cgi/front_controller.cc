#include "modes/cgi/front_controller.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <vector>

#include "base/text.h"
#include "modes/static/site_path.h"
#include "process/command.h"

namespace watchdog {

namespace {

constexpr std::string_view kUsualScript = "index.php";

std::string absolute(const std::string& path) {
  std::array<char, PATH_MAX> real;
  if (::realpath(path.empty() ? "." : path.c_str(), real.data()) != nullptr) return real.data();
  return path;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

std::string extension_of(std::string_view name) {
  const std::string_view base = name.substr(name.rfind('/') + 1);
  const size_t dot = base.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string() : std::string(base.substr(dot));
}

bool is_php(const std::vector<std::string>& command) {
  return std::ranges::any_of(
      command, [](const std::string& word) { return word.find("php") != std::string::npos; });
}

// The program's own file, as CGI programs expect to find it.
std::string program_of(const Config& config) {
  if (config.command.empty()) return {};
  Command command(config.command);
  const auto path = command.path();
  return absolute(path ? *path : config.command.front());
}

}  // namespace

Result<FrontController> FrontController::make(const Config& config) {
  FrontController front;
  const bool has_root = !config.document_root.empty();
  const bool remote = config.command.empty();  // a server elsewhere has its files there
  front.root_ = absolute(config.document_root);
  front.script_ = config.script;
  if (front.script_.empty()) {
    const bool usual = remote || is_php(config.command) ||
                       (has_root && exists(front.root_ + "/" + std::string(kUsualScript)));
    if (usual) front.script_ = kUsualScript;
  }
  front.extension_ = extension_of(front.script_);
  front.program_ = program_of(config);

  if (has_root && !(remote && !exists(config.document_root))) {
    auto folder = Folder::hold(config.document_root);
    if (!folder) return Error{"document_root=" + folder.error()};
    front.folder_ = std::move(*folder);
  }
  const bool script_is_here = exists(front.root_ + "/" + front.script_);
  if (!front.script_.empty() && !remote && !script_is_here) {
    return Error{
        fmt::format("script={}: there is no such file in {}; name the script that answers "
                    "requests",
                    front.script_, front.root_)};
  }
  return front;
}

FrontController::Route FrontController::route(const RequestHead& request) const {
  const auto decoded = percent_decode(request.path());
  if (!decoded) return {Route::Kind::kMalformed};
  const SitePath path = parse_site_path(request.path());
  const bool may_be_file =
      folder_ && (path.kind == SitePath::Kind::kFile || path.kind == SitePath::Kind::kFolder);
  if (!may_be_file) return {Route::Kind::kScript, front(*decoded)};
  if (path.name.empty()) return {Route::Kind::kScript, front("/")};
  if (auto script = find_script(path.name)) {
    if (path.kind == SitePath::Kind::kFolder) script->path_info += '/';
    return {Route::Kind::kScript, std::move(*script)};
  }
  struct stat status {};
  if (folder_->look_at(path.name, status) != 0) return {Route::Kind::kScript, front(*decoded)};
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (S_ISDIR(status.st_mode)) {
    const std::string index = path.name + "/" + script_.substr(script_.rfind('/') + 1);
    const bool has_script = !script_.empty() && is_file(index);
    const bool has_page = is_file(path.name + "/index.html");
    if (path.kind == SitePath::Kind::kFolder && has_script) {
      return {Route::Kind::kScript, {"/" + index, root_ + "/" + index, {}}};
    }
    // Without its '/' the site redirects.
    if (reads && (has_script || has_page)) return {Route::Kind::kFile};
  } else if (path.kind == SitePath::Kind::kFile && !looks_like_source(path.name)) {
    return {Route::Kind::kFile};
  }
  return {Route::Kind::kScript, front(*decoded)};
}

// A script that the path names, or begins with.
std::optional<Script> FrontController::find_script(const std::string& name) const {
  if (extension_.empty()) return std::nullopt;
  for (size_t end = 0; end < name.size();) {
    end = std::min(name.find('/', end + 1), name.size());
    const std::string start = name.substr(0, end);
    if (!start.ends_with(extension_) || !is_file(start)) continue;
    return Script{"/" + start, root_ + "/" + start, name.substr(end)};
  }
  return std::nullopt;
}

bool FrontController::is_file(const std::string& name) const {
  struct stat status {};
  return folder_->look_at(name, status) == 0 && S_ISREG(status.st_mode);
}

bool FrontController::looks_like_source(std::string_view name) const {
  std::string base(name.substr(name.rfind('/') + 1));
  for (char& c : base) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  // Also what editors and people leave beside it: index.php.bak, index.php~.
  constexpr std::array<std::string_view, 4> kSources = {".php", ".phtml", ".phar", ".inc"};
  if (!extension_.empty() && base.find(extension_) != std::string::npos) return true;
  return std::ranges::any_of(kSources, [&base](std::string_view source) {
    return base.find(source) != std::string::npos;
  });
}

Script FrontController::front(std::string path_info) const {
  if (script_.empty()) return {{}, program_, std::move(path_info)};
  if (path_info == "/") path_info.clear();
  return {"/" + script_, root_ + "/" + script_, std::move(path_info)};
}

}  // namespace watchdog
