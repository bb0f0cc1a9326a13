#include "modes/static/listing.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/html.h"
#include "base/text.h"
#include "http/date.h"

namespace watchdog {

namespace {

// More would be a page that nobody reads, and a pause that everybody feels.
constexpr size_t kMostEntries = 10'000;

struct Entry {
  std::string name;
  bool folder = false;
  uint64_t size = 0;
  std::time_t modified = 0;
};

std::string escape_html(std::string_view text) {
  std::string out;
  append_html(out, text);
  return out;
}

// RFC 3986 2.3: all but the unreserved characters are escaped.
std::string escape_path(std::string_view text) {
  constexpr std::string_view kUnreserved = "-._~";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kUnreserved.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// What lies in `directory`; reading stops behind kMostEntries.
std::vector<Entry> read_entries(DIR* directory) {
  std::vector<Entry> entries;
  while (const dirent* found = ::readdir(directory)) {
    if (found->d_name[0] == '.') continue;
    struct stat status {};
    if (::fstatat(::dirfd(directory), found->d_name, &status, 0) != 0) continue;
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) continue;
    entries.push_back({found->d_name, S_ISDIR(status.st_mode),
                       static_cast<uint64_t>(status.st_size), status.st_mtim.tv_sec});
    if (entries.size() > kMostEntries) break;
  }
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::tuple(!a.folder, std::string_view(a.name)) <
           std::tuple(!b.folder, std::string_view(b.name));
  });
  return entries;
}

std::string row(const Entry& entry) {
  const std::string_view slash = entry.folder ? "/" : "";
  return fmt::format("<tr><td><a href=\"./{}{}\">{}{}</a></td><td>{}</td><td>{}</td></tr>\n",
                     escape_path(entry.name), slash, escape_html(entry.name), slash,
                     entry.folder ? std::string() : human_size(entry.size),
                     format_http_date(entry.modified));
}

}  // namespace

std::optional<std::string> listing_page(const Folder& folder, const std::string& name) {
  ErrnoOr<Fd> opened = folder.open(name.empty() ? "." : name);
  if (!opened) return std::nullopt;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(opened->get()), &::closedir);
  if (!directory) return std::nullopt;
  opened->release();
  std::vector<Entry> entries = read_entries(directory.get());
  const bool more = entries.size() > kMostEntries;
  if (more) entries.pop_back();

  const std::string title = escape_html("/" + name);
  std::string page = fmt::format(
      "<!doctype html>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{0}</title>\n"
      "<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2em}}td{{padding-right:2em}}"
      "td+td{{color:#666}}</style>\n<h1>{0}</h1>\n<table>\n",
      title);
  if (!name.empty()) page += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
  for (const Entry& entry : entries) page += row(entry);
  page += "</table>\n";
  if (more) page += fmt::format("<p>Only {} entries are shown.\n", kMostEntries);
  return page;
}

}  // namespace watchdog
