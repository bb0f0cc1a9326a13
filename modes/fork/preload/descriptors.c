#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modes/fork/preload/library.h"

// What getdents64(2) writes.
struct entry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

static int number_of(const char* name) {
  int number = 0;
  if (*name == '\0') return -1;
  for (; *name != '\0'; ++name) {
    if (*name < '0' || *name > '9') return -1;
    number = number * 10 + (*name - '0');
  }
  return number;
}

static int stream_of(const struct stat* status) {
  for (int stream = 0; stream < 3; ++stream) {
    const uint64_t* const place = warm_library.streams[stream];
    if (place[0] == status->st_dev && place[1] == status->st_ino) return stream;
  }
  return -1;
}

static int add_copy(struct warm_descriptors* all, int fd, int stream) {
  if (all->copies == WARM_MOST_COPIES) return EMFILE;
  all->copy[all->copies++] =
      (struct warm_copy){fd, stream, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL) & O_NONBLOCK};
  return 0;
}

static int add_file(struct warm_descriptors* all, int fd) {
  const int opening = fcntl(fd, F_GETFL);
  if ((opening & O_ACCMODE) != O_RDONLY || (opening & O_PATH) != 0) return 0;
  if (all->files == WARM_MOST_FILES) return EMFILE;
  const off_t position = syscall(SYS_lseek, fd, 0, SEEK_CUR);
  all->file[all->files++] = (struct warm_file){fd, fcntl(fd, F_GETFD), opening, position};
  return 0;
}

static int add(struct warm_descriptors* all, int fd) {
  struct stat status;
  if (warm_is_control(fd) || warm_is_image(fd)) return 0;
  if (syscall(SYS_fstat, fd, &status) != 0) return 0;
  const int stream = stream_of(&status);
  if (stream >= 0) return add_copy(all, fd, stream);
  return S_ISREG(status.st_mode) ? add_file(all, fd) : 0;
}

int warm_list_descriptors(struct warm_descriptors* all) {
  char text[2048] __attribute__((aligned(8)));
  all->copies = 0;
  all->files = 0;
  const int folder =
      (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return errno;
  int error = 0;
  long size = 0;
  while (error == 0 && (size = syscall(SYS_getdents64, folder, text, sizeof text)) > 0) {
    for (long at = 0; error == 0 && at < size;) {
      const struct entry* const next = (const struct entry*)(text + at);
      const int fd = number_of(next->name);
      if (fd >= 0 && fd != folder) error = add(all, fd);
      at += next->length;
    }
  }
  if (size < 0 && error == 0) error = errno;
  close(folder);
  return error;
}

// Where a script has set itself a limit, each request would wait for an answer in vain.
int warm_try_to_receive(void) {
  int held[WARM_MOST_DESCRIPTORS];
  int count = 0;
  int error = 0;
  while (error == 0 && count < WARM_MOST_DESCRIPTORS) {
    const int fd = fcntl(warm_library.control, F_DUPFD_CLOEXEC, 0);
    fd < 0 ? (error = errno) : (held[count++] = fd);
  }
  while (count > 0) close(held[--count]);
  return error;
}

int warm_take_streams(const struct warm_descriptors* all, const int streams[3]) {
  for (size_t i = 0; i < all->copies; ++i) {
    const struct warm_copy* const copy = &all->copy[i];
    const int flags = (copy->flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0;
    if (syscall(SYS_dup3, streams[copy->stream], copy->fd, flags) < 0) return errno;
    if (copy->opening != 0) fcntl(copy->fd, F_SETFL, fcntl(copy->fd, F_GETFL) | copy->opening);
  }
  for (int i = 0; i < 3; ++i) close(streams[i]);
  return 0;
}

char* warm_write_number(char* at, uint64_t number) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (count > 0) *at++ = digits[--count];
  return at;
}

// Opens the same file once more. Returns a descriptor, or -1 with an errno.
static int open_again(const struct warm_file* file) {
  static const char kFolder[] = "/proc/self/fd/";
  char path[sizeof kFolder + 20];
  memcpy(path, kFolder, sizeof kFolder);
  *warm_write_number(path + sizeof kFolder - 1, (uint64_t)file->fd) = '\0';
  // What else it was opened with, such as O_NOFOLLOW, was about the path.
  const int opening = (file->opening & (O_NONBLOCK | O_DIRECT)) | O_RDONLY | O_CLOEXEC;
  return (int)syscall(SYS_openat, AT_FDCWD, path, opening);
}

int warm_try_to_separate(const struct warm_descriptors* all) {
  for (size_t i = 0; i < all->files; ++i) {
    const int own = open_again(&all->file[i]);
    if (own < 0) return errno;
    close(own);
  }
  return 0;
}

// Bash reads its script piece by piece, and perl what is behind __DATA__: with one position for
// all, each fork would skip what another has read.
int warm_separate_files(const struct warm_descriptors* all) {
  for (size_t i = 0; i < all->files; ++i) {
    const struct warm_file* const file = &all->file[i];
    const int own = open_again(file);
    if (own < 0) return errno;
    const int flags = (file->flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0;
    const int failed = syscall(SYS_lseek, own, file->position, SEEK_SET) < 0 ||
                       syscall(SYS_dup3, own, file->fd, flags) < 0;
    const int error = errno;
    close(own);
    if (failed) return error;
  }
  return 0;
}
