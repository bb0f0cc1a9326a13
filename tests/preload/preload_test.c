#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modes/fork/preload/library.h"

// The library of warm starts, linked into a program instead of preloaded, so that the sanitizers see
// its code; without hooks.c, in whose place the program calls warm_serve() itself. This process is
// the watchdog, and a child the template. Ends with "N passed, N failed".

static int passed;
static int failed;

static void check(int holds, const char* what) {
  holds ? ++passed : ++failed;
  if (!holds) printf("FAILED: %s\n", what);
}

static void require(int holds, const char* what) {
  if (holds) return;
  printf("FAILED: %s: %s\n0 passed, 1 failed\n", what, strerror(errno));
  exit(1);
}

struct template {
  pid_t pid;
  int control;
  int input;
  int file;  // that both have open, at its beginning
};

// What the function does with its request.
static void answer(int file) {
  char line[64];
  char more[8];
  const ssize_t size = read(0, line, sizeof line);
  const ssize_t own = read(file, more, 3);
  const char* const value = getenv("Http_Value");
  printf("%.*s|%s|%.*s|%d\n", (int)(size > 0 ? size : 0), line, value != NULL ? value : "none",
         (int)(own > 0 ? own : 0), more, getsid(0) == getpid() && getpgid(0) == getpid());
  fflush(stdout);
  _exit(7);
}

static void become_template(int control, int input, int file) {
  struct stat status;
  setsid();
  // Standard output and errors are pipes of their own, as the watchdog gives them.
  int outputs[2];
  int errors[2];
  require(pipe(outputs) == 0 && pipe(errors) == 0, "pipe");
  dup2(input, 0);
  dup2(outputs[1], 1);
  dup2(errors[1], 2);
  for (int stream = 0; stream < 3; ++stream) {
    require(fstat(stream, &status) == 0, "fstat");
    warm_library.streams[stream][0] = status.st_dev;
    warm_library.streams[stream][1] = status.st_ino;
  }
  require(fstat(control, &status) == 0, "fstat");
  warm_library.control_inode = status.st_ino;
  warm_library.control = control;
  warm_library.image = -1;
  warm_library.pid = getpid();
  warm_library.active = 1;
  const int copy = dup(0);
  require(warm_is_input(0) && warm_is_input(copy) && !warm_is_input(1), "warm_is_input");
  warm_serve();
  answer(file);
}

static struct template start(void) {
  int sockets[2];
  int input[2];
  char path[] = "/tmp/fwatchdog-preload-XXXXXX";
  struct template template;
  require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0, "socketpair");
  require(pipe2(input, O_CLOEXEC) == 0, "pipe");
  const int writing = mkstemp(path);
  require(writing >= 0 && write(writing, "abcdef", 6) == 6, "mkstemp");
  close(writing);
  template.file = open(path, O_RDONLY | O_CLOEXEC);
  unlink(path);
  const int on = 1;
  setsockopt(sockets[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  template.pid = fork();
  require(template.pid >= 0, "fork");
  if (template.pid == 0) {
    close(sockets[0]);
    close(input[1]);
    become_template(sockets[1], input[0], template.file);
  }
  close(sockets[1]);
  close(input[0]);
  template.control = sockets[0];
  template.input = input[1];
  return template;
}

static struct warm_header hear(const struct template* template, pid_t* sender) {
  struct warm_header header = {0};
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(struct ucred))];
  } control;
  struct iovec part = {&header, sizeof header};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  const ssize_t size = recvmsg(template->control, &message, 0);
  require(size == sizeof header && header.magic == WARM_MAGIC, "a message");
  const struct cmsghdr* const credentials = CMSG_FIRSTHDR(&message);
  struct ucred who = {0, 0, 0};
  if (credentials != NULL) memcpy(&who, CMSG_DATA(credentials), sizeof who);
  *sender = who.pid;
  return header;
}

static void tell(const struct template* template, const void* text, size_t size, const int* fds,
                 size_t count) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(4 * sizeof(int))];
  } control = {0};
  struct iovec part = {(void*)text, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
  }
  require(sendmsg(template->control, &message, 0) == (ssize_t)size, "sendmsg");
}

// Sends a request whose body is "hello", and returns what its process has printed.
static const char* request(const struct template* template, const char* variables, size_t size,
                           uint32_t variable_count, int flags) {
  static char output[200 * 1000];
  static uint32_t id = 1;
  int in[2];
  int out[2];
  char message[sizeof(struct warm_header) + 4096];
  require(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe");
  const struct warm_header header = {.magic = WARM_MAGIC,
                                     .kind = WARM_REQUEST,
                                     .flags = (uint16_t)flags,
                                     .id = ++id,
                                     .bytes = (uint32_t)size,
                                     .count = variable_count};
  int fds[4] = {in[0], out[1], out[1], -1};
  size_t total = sizeof header;
  memcpy(message, &header, sizeof header);
  if ((flags & WARM_IN_BLOCK) != 0) {
    fds[3] = memfd_create("block", MFD_CLOEXEC);
    require(fds[3] >= 0 && write(fds[3], variables, size) == (ssize_t)size, "memfd_create");
  } else {
    memcpy(message + total, variables, size);
    total += size;
  }
  tell(template, message, total, fds, fds[3] >= 0 ? 4 : 3);
  if (fds[3] >= 0) close(fds[3]);
  close(in[0]);
  close(out[1]);
  require(write(in[1], "hello", 5) == 5, "write");
  close(in[1]);
  pid_t sender = 0;
  struct warm_header answered = hear(template, &sender);
  pid_t forked = 0;
  if (answered.kind == WARM_FORKED) {  // in either order
    check(sender == template->pid, "the template says whom it has forked");
    forked = answered.value;
    answered = hear(template, &sender);
  }
  check(answered.kind == WARM_STARTED && answered.id == id, "the process says that it has started");
  check((sender == template->pid) == ((flags & WARM_ONCE) != 0), "a fork is another process");
  if (forked == 0 && (flags & WARM_ONCE) == 0) {
    pid_t other = 0;
    const struct warm_header late = hear(template, &other);
    check(late.kind == WARM_FORKED && late.id == id, "the template says that it has forked");
    forked = late.value;
  }
  check((flags & WARM_ONCE) != 0 || forked == sender, "the fork is the process that has started");
  size_t got = 0;
  for (ssize_t more = 0; (more = read(out[0], output + got, sizeof output - 1 - got)) > 0;) {
    got += (size_t)more;
  }
  output[got] = '\0';
  close(out[0]);
  int status = 0;
  check(waitpid(sender, &status, 0) == sender && WEXITSTATUS(status) == 7, "it is our child");
  return output;
}

static void refused(const struct template* template, const void* text, size_t size, int fds) {
  int null[4] = {-1, -1, -1, -1};
  for (int i = 0; i < fds; ++i) null[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
  tell(template, text, size, null, (size_t)fds);
  for (int i = 0; i < fds; ++i) close(null[i]);
  pid_t sender = 0;
  const struct warm_header answered = hear(template, &sender);
  check(answered.kind == WARM_FAILED && answered.value == EBADMSG, "what is no request is refused");
}

static void test_forks(void) {
  const struct template template = start();
  pid_t sender = 0;
  const struct warm_header ready = hear(&template, &sender);
  check(ready.kind == WARM_READY && ready.count == 1, "a template is ready, with one thread");
  for (int i = 0; i < 3; ++i) {
    check(
        strcmp(request(&template, "Http_Value=x\"'$\0A=\0", 19, 2, 0), "hello|x\"'$|abc|1\n") == 0,
        "a fork has its input, its variables and a position of its own in files");
    check(strcmp(request(&template, "", 0, 0, 0), "hello|none|abc|1\n") == 0,
          "a fork has nothing of the one before it");
  }
  enum { kSize = 128 * 1024 };
  char* const large = malloc(kSize);
  memset(large, 'v', kSize);
  memcpy(large, "Http_Value=", 11);
  large[kSize - 1] = '\0';
  check(strlen(request(&template, large, kSize, 1, WARM_IN_BLOCK)) == kSize - 12 + 13,
        "variables can come in a block");
  free(large);

  const char zeros[sizeof(struct warm_header)] = {0};
  refused(&template, zeros, sizeof zeros, 3);
  refused(&template, zeros, 1, 0);
  const struct warm_header lying = {
      .magic = WARM_MAGIC, .kind = WARM_REQUEST, .bytes = 100, .count = 1};
  refused(&template, &lying, sizeof lying, 3);
  refused(&template, &lying, sizeof lying, 4);
  check(strcmp(request(&template, "", 0, 0, 0), "hello|none|abc|1\n") == 0,
        "a template takes requests after what it has refused");

  close(template.control);
  int status = 0;
  check(waitpid(template.pid, &status, 0) == template.pid && status == 0,
        "a template ends with its watchdog");
  close(template.input);
  close(template.file);
}

static void test_spare(void) {
  const struct template template = start();
  pid_t sender = 0;
  hear(&template, &sender);
  check(strcmp(request(&template, "Http_Value=y\0", 13, 1, WARM_ONCE), "hello|y|abc|1\n") == 0,
        "a spare becomes the process of its request");
  close(template.control);
  close(template.input);
  close(template.file);
}

// A watchdog that does not want to wait any longer shuts the socket down.
static void test_shutdown(void) {
  const struct template template = start();
  pid_t sender = 0;
  hear(&template, &sender);
  kill(template.pid, SIGSTOP);
  int in[2];
  int out[2];
  char byte;
  require(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe");
  const struct warm_header header = {.magic = WARM_MAGIC, .kind = WARM_REQUEST, .id = 1};
  const int fds[3] = {in[0], out[1], out[1]};
  tell(&template, &header, sizeof header, fds, 3);
  close(out[1]);
  close(in[1]);
  shutdown(template.control, SHUT_RDWR);
  kill(template.pid, SIGCONT);
  check(read(out[0], &byte, 1) == 0, "no process goes on with a request after a shutdown");
  waitpid(template.pid, NULL, 0);
  close(template.control);
  close(template.input);
  close(template.file);
}

int main(void) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  test_forks();
  test_spare();
  test_shutdown();
  while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
