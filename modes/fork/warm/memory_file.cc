#include "modes/fork/warm/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace watchdog {

Fd make_memory_file(const char* name, std::string_view content, unsigned flags) {
  Fd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags));
  while (file && !content.empty()) {
    const ssize_t size = ::write(file.get(), content.data(), content.size());
    if (size <= 0) return Fd();
    content.remove_prefix(static_cast<size_t>(size));
  }
  if (file)
    ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return file;
}

}  // namespace watchdog
