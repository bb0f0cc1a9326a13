#pragma once

#include <string>

#include "config/config.h"
#include "http/message.h"
#include "modes/static/file.h"
#include "modes/static/file_store.h"
#include "modes/static/served_folder.h"
#include "modes/static/site_path.h"
#include "net/loop.h"

namespace watchdog {

// What the path of a GET or HEAD request names in a site.
struct Lookup {
  enum class Kind {
    kFile,       // `file`, found by `name`
    kErrorPage,  // the same, sent with `status`
    kRedirect,   // a folder whose '/' is missing
    kListing,    // `page` shows what the folder holds
    kRefused,    // `status` and no more
    kFailed,     // looking `name` up failed with `error`, an errno
  };
  Kind kind = Kind::kRefused;
  int status = 200;
  std::string name{};
  FilePointer file{};
  std::string page{};
  int error = 0;
};

// Finds the files of a site. One per Site, used on its loop only.
class SiteFiles {
 public:
  // As Site has them.
  SiteFiles(Loop& loop, const Config& config, ServedFolder& folder, const SendPolicy* policy,
            uint64_t most_in_memory)
      : config_(config), loop_(loop), folder_(folder), store_(folder, policy, most_in_memory) {}

  // Follows static_fallback, static_404 and static_listing where no file has the path.
  Lookup resolve(const RequestHead& request);
  // As FileStore::find(), once more after room was made where no descriptor was left.
  FileLookup find(const std::string& name);

  FileCache& cache() { return store_.cache(); }

 private:
  Lookup resolve_path(const RequestHead& request, const SitePath& path);
  Lookup missing(const RequestHead& request, const std::string& name);
  Lookup not_found();

  const Config& config_;
  Loop& loop_;
  ServedFolder& folder_;
  FileStore store_;
};

}  // namespace watchdog
