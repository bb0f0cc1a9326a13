#include "modes/gateway/front_controller.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <vector>

#include "base/text.h"
#include "modes/gateway/source_files.h"
#include "modes/static/site_path.h"
#include "process/command.h"

namespace watchdog {

namespace {

constexpr std::string_view kUsualScript = "index.php";

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

std::string extension_of(std::string_view name) {
  const std::string_view base = name.substr(name.rfind('/') + 1);
  const size_t dot = base.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string() : std::string(base.substr(dot));
}

// A guess: whether "php" stands anywhere in the command, as in php-cgi, php-fpm8.2 or /opt/php/run.
// It only decides whether index.php is the script when `script` is not set.
bool looks_like_php(const std::vector<std::string>& command) {
  return std::ranges::any_of(
      command, [](const std::string& word) { return word.find("php") != std::string::npos; });
}

// The program's own file, as CGI programs expect to find it.
std::string program_of(const Config& config) {
  if (config.command.empty()) return {};
  Command command(config.command);
  const auto path = command.path();
  return real_path(path ? *path : config.command.front());
}

bool is_regular(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// The files that the words of fprocess name, by absolute paths that may have links: its program, a
// script for an interpreter, settings (-c php.ini, --config=app.ini).
std::vector<std::string> files_of(const Config& config) {
  std::vector<std::string> files;
  if (config.command.empty()) return files;
  const std::string here = real_path(".");
  Command command(config.command);
  std::vector<std::string> words = config.command;
  if (const auto path = command.path()) words.front() = *path;
  for (const std::string& word : words) {
    const size_t value = word.starts_with('-') ? word.find('=') + 1 : 0;
    const std::string name = word.substr(value);
    if (name.empty()) continue;
    std::string path = name.starts_with('/') ? std::string() : here + "/";
    path += name;
    if (is_regular(path)) files.push_back(std::move(path));
  }
  return files;
}

}  // namespace

Result<FrontController> FrontController::make(const Config& config) {
  FrontController front;
  const bool has_root = !config.document_root.empty();
  const bool remote = config.command.empty();  // a server elsewhere has its files there
  front.root_ = real_path(config.document_root);
  front.script_ = config.script;
  if (front.script_.empty()) {
    const bool usual = remote || looks_like_php(config.command) ||
                       (has_root && exists(front.root_ + "/" + std::string(kUsualScript)));
    if (usual) front.script_ = kUsualScript;
  }
  front.extension_ = extension_of(front.script_);
  front.program_ = program_of(config);
  front.executes_ = config.mode.is(kForks);
  front.own_files_ = files_of(config);
  front.accel_root_ = config.accel_root;

  if (has_root && !(remote && !exists(config.document_root))) {
    const Links links = follows_all_links(config) ? Links::kAnywhere : Links::kInside;
    auto folder = ServedFolder::hold("document_root", config.document_root, links);
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
  front.name_own_files();
  return front;
}

void FrontController::look_up() {
  if (folder_ && folder_->look_up_now()) name_own_files();
}

FrontController::Route FrontController::route(const RequestHead& request) const {
  auto decoded = percent_decode(request.path());
  if (!decoded) return {Route::Kind::kMalformed};
  const SitePath path = parse_site_path(request.path());
  const bool may_be_file =
      folder_ && (path.kind == SitePath::Kind::kFile || path.kind == SitePath::Kind::kFolder);
  if (!may_be_file || is_in_accel_root(path.name)) {
    return {Route::Kind::kScript, front(std::move(*decoded))};
  }
  if (path.name.empty()) return {Route::Kind::kScript, front("/")};
  const bool is_folder = path.kind == SitePath::Kind::kFolder;
  if (auto route = find_script(path.name)) {
    if (is_folder) route->script.path_info += '/';
    return std::move(*route);
  }
  return route_file(request, path.name, is_folder, std::move(*decoded));
}

// `is_folder`: the path ended with '/'.
FrontController::Route FrontController::route_file(const RequestHead& request,
                                                   const std::string& name, bool is_folder,
                                                   std::string decoded) const {
  Route to_front{Route::Kind::kScript, front(std::move(decoded))};
  struct stat status {};
  if (folder_->folder().look_at(name, status) != 0) return to_front;
  if (!S_ISDIR(status.st_mode)) {
    if (is_folder) return to_front;
    // Missing for everybody, rather than a path of the application.
    if (is_own_file(status)) return {Route::Kind::kFile};
    return may_send(name, status) ? Route{Route::Kind::kFile} : to_front;
  }
  const std::string index = name + "/" + script_.substr(script_.rfind('/') + 1);
  const bool has_script = !script_.empty() && is_file(index);
  if (is_folder && has_script) return {Route::Kind::kScript, script_below(index, {})};
  // Without its '/' the site redirects.
  const bool answers = request.reads() && (has_script || is_file(name + "/index.html"));
  return answers ? Route{Route::Kind::kFile} : to_front;
}

// A script that the path names, or begins with; or the program's file, which may be none.
std::optional<FrontController::Route> FrontController::find_script(const std::string& name) const {
  const std::string_view whole(name);
  for (size_t end = 0; end < name.size() && end < PATH_MAX;) {
    end = std::min(name.find('/', end + 1), name.size());
    const std::string_view start = whole.substr(0, end);
    const bool own = std::ranges::find(own_names_, start) != own_names_.end();
    const bool named = start == (script_.empty() ? program_name_ : script_);
    if (!named && own) return Route{Route::Kind::kFile};
    if (!named && (extension_.empty() || !start.ends_with(extension_))) continue;
    struct stat status {};
    // Where this is not there, nothing is below it.
    if (folder_->folder().look_below(std::string(start), status) != 0) return std::nullopt;
    if (!S_ISREG(status.st_mode)) continue;
    return Route{Route::Kind::kScript, script_below(start, whole.substr(end))};
  }
  return std::nullopt;
}

bool FrontController::is_file(const std::string& name) const {
  struct stat status {};
  return folder_->folder().look_below(name, status) == 0 && S_ISREG(status.st_mode);
}

bool FrontController::may_send(std::string_view name, const struct stat& status) const {
  if (is_source_name(name, extension_)) return false;
  const bool executable = (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
  if (executes_ && executable && !is_page_part(name)) return false;
  return !is_own_file(status);
}

// By what it is, not by what it is called.
bool FrontController::is_own_file(const struct stat& status) const {
  struct stat own {};
  const auto same = [&] { return own.st_dev == status.st_dev && own.st_ino == status.st_ino; };
  if (!script_.empty() && folder_->folder().look_at(script_, own) == 0 && same()) return true;
  return std::ranges::any_of(own_files_, [&](const std::string& path) {
    return ::stat(path.c_str(), &own) == 0 && same();
  });
}

bool FrontController::is_in_accel_root(std::string_view name) const {
  if (accel_name_.empty() || !name.starts_with(accel_name_)) return false;
  return name.size() == accel_name_.size() || name[accel_name_.size()] == '/';
}

void FrontController::name_own_files() {
  own_names_.clear();
  program_name_.clear();
  accel_name_.clear();
  if (!folder_) return;
  const std::string root = folder_->real_path() + "/";
  for (size_t i = 0; i < own_files_.size(); ++i) {
    const std::string real = real_path(own_files_[i]);
    if (!real.starts_with(root)) continue;
    own_names_.push_back(real.substr(root.size()));
    if (i < 2 && program_name_.empty()) program_name_ = own_names_.back();
  }
  if (accel_root_.empty()) return;
  const std::string accel = real_path(accel_root_);
  if (accel.starts_with(root)) accel_name_ = accel.substr(root.size());
}

Script FrontController::front(std::string path_info) const {
  if (script_.empty()) return {{}, program_, std::move(path_info)};
  if (path_info == "/") path_info.clear();
  return {"/" + script_, document_root() + "/" + script_, std::move(path_info)};
}

Script FrontController::script_below(std::string_view name, std::string_view path_info) const {
  std::string path = "/" + std::string(name);
  std::string file = document_root() + path;
  return {std::move(path), std::move(file), std::string(path_info)};
}

}  // namespace watchdog
