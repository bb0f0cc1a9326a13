#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "modes/fork/preload/library.h"

// What the program calls in place of the C library. Outside a program that waits for its first
// request each costs a comparison.

#define EXPORTED __attribute__((visibility("default")))

extern char** environ;
extern __attribute__((weak)) ssize_t __read(int, void*, size_t);

static void before_read(int fd) {
  if (__builtin_expect(warm_library.active, 0) && warm_is_input(fd)) warm_serve();
}

// By the C library's own, where it has one: a thread can be cancelled there.
EXPORTED ssize_t read(int fd, void* buffer, size_t size) {
  before_read(fd);
  if (__read != NULL) return __read(fd, buffer, size);
  return syscall(SYS_read, fd, buffer, size);
}

EXPORTED ssize_t __read_chk(int fd, void* buffer, size_t size, size_t room) {
  if (size > room) abort();
  return read(fd, buffer, size);
}

EXPORTED ssize_t readv(int fd, const struct iovec* parts, int count) {
  before_read(fd);
  return syscall(SYS_readv, fd, parts, count);
}

// --- a program that executes another one, as env, sh and version managers do ---

static const char kPreload[] = "LD_PRELOAD=";
static const char kVariable[] = WARM_VARIABLE "=";
enum { kMostEntries = 4096 };

static char* write_text(char* at, const char* text) {
  const size_t size = strlen(text);
  memcpy(at, text, size);
  return at + size;
}

static int is_program(void) {
  return warm_library.active && syscall(SYS_getpid) == warm_library.pid;
}

static void keep_open(int open) {
  const int flags = open ? 0 : FD_CLOEXEC;
  if (warm_is_control(warm_library.control)) fcntl(warm_library.control, F_SETFD, flags);
  if (warm_is_image(warm_library.image)) fcntl(warm_library.image, F_SETFD, flags);
}

// FWATCHDOG_WARM for the next program: what a wrapper redirects is then told from what we were
// given, which fstat(2) of 0, 1 and 2 could not tell any more.
static void write_variable(char* at) {
  at = warm_write_number(write_text(at, kVariable), (uint64_t)warm_library.control);
  *at++ = ',';
  at = warm_write_number(at, (uint64_t)warm_library.image);
  for (int stream = 0; stream < 3; ++stream) {
    for (int part = 0; part < 2; ++part) {
      *at++ = ',';
      at = warm_write_number(at, warm_library.streams[stream][part]);
    }
  }
  *at = '\0';
}

// Executes `path` with the library in it.
static int execute_with_library(const char* path, char* const* argv, char* const* variables) {
  char preload[4096];
  char own[256];
  char* more[kMostEntries];
  const char* others = NULL;
  size_t count = 0;
  static char* const kNone[] = {NULL};
  if (variables == NULL) variables = kNone;  // which Linux takes for an empty environment
  for (; *variables != NULL && count < kMostEntries - 3; ++variables) {
    if (strncmp(*variables, kPreload, sizeof kPreload - 1) == 0) {
      others = *variables + sizeof kPreload - 1;
    } else {
      more[count++] = *variables;
    }
  }
  if (*variables != NULL || (others != NULL && strlen(others) > sizeof preload - 64)) {
    return (int)syscall(SYS_execve, path, argv, variables);
  }
  char* end = warm_write_number(write_text(write_text(preload, kPreload), "/proc/self/fd/"),
                                (uint64_t)warm_library.image);
  if (others != NULL) end = write_text(write_text(end, " "), others);
  *end = '\0';
  write_variable(own);
  more[count++] = preload;
  more[count++] = own;
  more[count] = NULL;
  keep_open(1);
  syscall(SYS_execve, path, argv, more);
  const int error = errno;
  keep_open(0);
  errno = error;
  return -1;
}

static size_t variables_at_start;

static size_t count_variables(char* const* variables) {
  size_t count = 0;
  while (variables[count] != NULL) ++count;
  return count;
}

// A wrapper that takes variables away (env -i, env -u) means those of a request as well: what it
// executes must not get them from us.
static int takes_away(char* const* variables) {
  return variables == NULL || count_variables(variables) < variables_at_start;
}

EXPORTED int execve(const char* path, char* const argv[], char* const variables[]) {
  if (!is_program() || takes_away(variables))
    return (int)syscall(SYS_execve, path, argv, variables);
  return execute_with_library(path, argv, variables);
}

EXPORTED int execv(const char* path, char* const argv[]) {
  return execve(path, argv, environ);
}

// A file without a first line is the shell's.
static int execute(const char* path, char* const argv[], char* const variables[]) {
  execve(path, argv, variables);
  if (errno != ENOEXEC) return -1;
  char* words[kMostEntries];
  size_t count = 0;
  words[count++] = (char*)"/bin/sh";
  words[count++] = (char*)path;
  for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; ++i) {
    if (count == kMostEntries - 1) {
      errno = E2BIG;
      return -1;
    }
    words[count++] = argv[i];
  }
  words[count] = NULL;
  return execve(words[0], words, variables);
}

EXPORTED int execvpe(const char* name, char* const argv[], char* const variables[]) {
  if (strchr(name, '/') != NULL) return execute(name, argv, variables);
  const char* folders = getenv("PATH");
  if (folders == NULL) folders = "/bin:/usr/bin";
  const size_t size = strlen(name);
  int denied = 0;
  errno = ENOENT;
  for (const char* end = folders; size > 0 && end != NULL; folders = end + 1) {
    char path[4096];
    end = strchr(folders, ':');
    const size_t length = end != NULL ? (size_t)(end - folders) : strlen(folders);
    if (length + size + 2 > sizeof path) continue;
    memcpy(path, folders, length);
    char* at = path + length;
    if (length > 0) *at++ = '/';
    memcpy(at, name, size + 1);
    execute(path, argv, variables);
    if (errno == EACCES) denied = 1;
    if (errno != EACCES && errno != ENOENT && errno != ENOTDIR && errno != ESTALE) return -1;
    if (end == NULL) break;
  }
  if (denied) errno = EACCES;
  return -1;
}

EXPORTED int execvp(const char* name, char* const argv[]) {
  return execvpe(name, argv, environ);
}

// --- the start of a program ---

// A number and the comma behind it. Returns 0 where there is none.
static int read_number(const char** at, uint64_t* number) {
  const char* const begin = *at;
  *number = 0;
  for (; **at >= '0' && **at <= '9'; ++*at) *number = *number * 10 + (uint64_t)(**at - '0');
  const int found = *at != begin;
  if (**at == ',') ++*at;
  return found;
}

// Takes out of the environment what only we know of. The texts are on the stack of the process and
// stay there, where /proc/PID/environ shows them.
static void hide_variables(void) {
  char** kept = environ;
  for (char** entry = environ; *entry != NULL; ++entry) {
    if (strncmp(*entry, kVariable, sizeof kVariable - 1) == 0) continue;
    if (strncmp(*entry, kPreload, sizeof kPreload - 1) == 0) {
      char* const others = strchr(*entry, ' ');
      if (others == NULL) continue;
      memmove(*entry + sizeof kPreload - 1, others + 1, strlen(others + 1) + 1);
    }
    *kept++ = *entry;
  }
  *kept = NULL;
}

static const char* find_variable(void) {
  for (char** entry = environ; entry != NULL && *entry != NULL; ++entry) {
    if (strncmp(*entry, kVariable, sizeof kVariable - 1) == 0) {
      return *entry + sizeof kVariable - 1;
    }
  }
  return NULL;
}

// Scripts choose small numbers (exec 9<file), and have them to themselves as ever.
static int move_away(int fd) {
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, 200);
  if (moved < 0) return fd;
  close(fd);
  return moved;
}

// What 0, 1 and 2 were when the first program was executed: a wrapper passes it on.
static int find_streams(const char* told) {
  struct stat status;
  for (int stream = 0; stream < 3; ++stream) {
    uint64_t* const place = warm_library.streams[stream];
    if (read_number(&told, &place[0]) && read_number(&told, &place[1])) continue;
    if (syscall(SYS_fstat, stream, &status) != 0) return 0;
    place[0] = status.st_dev;
    place[1] = status.st_ino;
  }
  return 1;
}

// glibc passes the arguments of main, and may not have set `environ` yet; musl passes nothing, and
// has.
__attribute__((constructor)) static void begin(int count, char** arguments, char** variables) {
  struct stat status;
  uint64_t control = 0;
  uint64_t image = 0;
  (void)count;
  (void)arguments;
  if (environ == NULL) environ = variables;
  const char* value = find_variable();
  if (value == NULL || !read_number(&value, &control) || !read_number(&value, &image)) return;
  warm_library.control = (int)control;
  warm_library.image = (int)image;
  const int streams_known = find_streams(value);
  hide_variables();
  variables_at_start = count_variables(environ);
  const pid_t pid = (pid_t)syscall(SYS_getpid);
  if (!streams_known || pid != syscall(SYS_getsid, 0) ||
      syscall(SYS_fstat, warm_library.control, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    return;
  }
  warm_library.control_inode = status.st_ino;
  if (syscall(SYS_fstat, warm_library.image, &status) != 0) return;
  warm_library.image_inode = status.st_ino;
  warm_library.control = move_away(warm_library.control);
  warm_library.image = move_away(warm_library.image);
  keep_open(0);
  warm_shut_memory();
  warm_library.pid = pid;
  warm_library.active = 1;
}
