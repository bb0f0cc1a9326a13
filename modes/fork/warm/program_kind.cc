#include "modes/fork/warm/program_kind.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/fd.h"

namespace watchdog {

bool is_static_program(const char* path) {
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  ElfW(Ehdr) head{};
  if (!file || ::pread(file.get(), &head, sizeof head, 0) != sizeof head) return false;
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return false;
  if (head.e_phentsize != sizeof(ElfW(Phdr))) return false;
  for (unsigned i = 0; i < head.e_phnum; ++i) {
    ElfW(Phdr) segment{};
    const auto place = static_cast<off_t>(head.e_phoff + i * sizeof segment);
    if (::pread(file.get(), &segment, sizeof segment, place) != sizeof segment) return false;
    if (segment.p_type == PT_INTERP) return false;
  }
  return true;
}

}  // namespace watchdog
