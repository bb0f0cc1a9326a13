#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "modes/fork/preload/library.h"

// How a fork becomes the watchdog's own child. The watchdog, which is PID 1 or a child subreaper,
// inherits every process whose parent has died. So the template does not fork; it makes an
// intermediate that shares its memory (CLONE_VM|CLONE_VFORK: as cheap as vfork), the intermediate
// forks and exits at once, and the kernel hands the fork over. CLONE_PARENT would save a process,
// but not with fork() of the C library: and it is that function which gives the fork its own thread
// number, runs the program's atfork handlers and sets locks right.
//
// The fork is the leader of its own session and group, has its descriptors and its variables, and
// has been handed over before it says STARTED: from then on it is to the watchdog as a process that
// it has spawned itself.

struct warm_library warm_library = {.control = -1, .image = -1};

struct template {
  enum warm_interpreter interpreter;
  struct warm_descriptors descriptors;
  struct itimerval timers[3];  // a fork has none: they are set again there
  sigset_t mask;               // of the program; see block_signals()
  int dumpable;                // of the program; see warm_shut_memory()
  volatile pid_t forked;       // by the intermediate, which shares our memory
};
static struct template template;

struct received {
  struct warm_request request;
  int descriptors[WARM_MOST_DESCRIPTORS];
  int count;
};
static char message[sizeof(struct warm_header) + WARM_MOST_INLINE];
static void say(uint16_t kind, uint16_t flags, uint32_t id, uint32_t count, int value);

// vfork(2) without a signal at its end: an interpreter's handler for SIGCHLD does not see it.
#if defined(__x86_64__)
__asm__(
    ".pushsection .text\n.balign 16\n.type warm_vfork,@function\n.hidden warm_vfork\nwarm_vfork:\n"
    "  pop %r9\n"  // the child returns first, and overwrites what is on the stack
    "  mov $56, %eax\n  mov $0x4100, %edi\n"
    "  xor %esi, %esi\n  xor %edx, %edx\n  xor %r10d, %r10d\n  xor %r8d, %r8d\n"
    "  syscall\n"
    "  push %r9\n  ret\n.size warm_vfork,.-warm_vfork\n.popsection\n");
long warm_vfork(void) __attribute__((returns_twice, visibility("hidden")));
#elif defined(__aarch64__)
__asm__(
    ".pushsection .text\n.balign 16\n.type warm_vfork,@function\n.hidden warm_vfork\nwarm_vfork:\n"
    "  mov x8, #220\n  mov x0, #0x4100\n"
    "  mov x1, #0\n  mov x2, #0\n  mov x3, #0\n  mov x4, #0\n"
    "  svc #0\n  ret\n.size warm_vfork,.-warm_vfork\n.popsection\n");
long warm_vfork(void) __attribute__((returns_twice, visibility("hidden")));
#else
#define warm_vfork vfork
#endif

static void say(uint16_t kind, uint16_t flags, uint32_t id, uint32_t count, int value) {
  const struct warm_header header = {
      .magic = WARM_MAGIC, .kind = kind, .flags = flags, .id = id, .count = count, .value = value};
  send(warm_library.control, &header, sizeof header, MSG_NOSIGNAL);
}

int warm_is_control(int fd) {
  struct stat status;
  return fd == warm_library.control && syscall(SYS_fstat, fd, &status) == 0 &&
         S_ISSOCK(status.st_mode) && status.st_ino == warm_library.control_inode;
}

int warm_is_image(int fd) {
  struct stat status;
  return fd == warm_library.image && syscall(SYS_fstat, fd, &status) == 0 &&
         S_ISREG(status.st_mode) && status.st_ino == warm_library.image_inode;
}

static void close_own(void) {
  if (warm_is_control(warm_library.control)) close(warm_library.control);
  if (warm_is_image(warm_library.image)) close(warm_library.image);
}

// A request's variables must not be in the memory of the next one's process.
static void wipe_message(void) {
  memset(message, 0, sizeof message);
  __asm__ volatile("" : : "r"(message) : "memory");
}

// While it waits. A signal that the interpreter would note now would be acted on in every fork; one
// that stays pending is in none. In the intermediate a handler would work on our memory.
static void block_signals(void) {
  sigset_t all;
  memset(&all, 0xff, sizeof all);
  sigprocmask(SIG_SETMASK, &all, &template.mask);
}

// Until there is a request: no other request's process may read or write our memory, or take our
// socket, by way of /proc or ptrace(2), as processes of one user can. Who owns the template owns all
// later requests.
void warm_shut_memory(void) {
  template.dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void open_memory(void) {
  if (template.dumpable == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

// What a spare was sent before it had a request was not for the request.
static void drop_pending_signals(void) {
  const uint64_t all = ~(uint64_t)0;
  const struct timespec none = {0, 0};
  while (syscall(SYS_rt_sigtimedwait, &all, NULL, &none, sizeof all) > 0) continue;
}

static unsigned count_threads(void) {
  struct stat status;
  // A folder's links: itself, its parent's, and one per folder in it.
  if (syscall(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &status, 0) != 0) return 0;
  return (unsigned)status.st_nlink - 2;
}

static int is_parent(void) {
  siginfo_t info;
  return syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL) == 0;
}

static void close_descriptors(const struct received* received) {
  for (int i = 0; i < received->count; ++i) close(received->descriptors[i]);
}

// Waits for the next request. Returns 0, an errno where what came is not one, or -1 when the
// watchdog has gone.
static int receive(struct received* received) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof received->descriptors)];
  } control;
  struct iovec bytes = {message, sizeof message};
  struct msghdr header = {.msg_iov = &bytes,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof control};
  ssize_t size = 0;
  do {
    size = recvmsg(warm_library.control, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  received->count = 0;
  received->request.header.id = 0;
  if (size <= 0) return -1;
  const struct cmsghdr* const rights = CMSG_FIRSTHDR(&header);
  if (rights != NULL && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
    received->count = (int)((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(received->descriptors, CMSG_DATA(rights), (size_t)received->count * sizeof(int));
  }
  // For the answer, whatever is wrong with it.
  if ((size_t)size >= sizeof received->request.header) {
    memcpy(&received->request.header, message, sizeof received->request.header);
  }
  if ((header.msg_flags & MSG_TRUNC) != 0) return EBADMSG;
  if ((header.msg_flags & MSG_CTRUNC) != 0) return EMFILE;
  return warm_parse_request(message, (size_t)size, received->count, &received->request);
}

// The C library has told the kernel where it wants the number of the CPU written (rseq). A process
// that comes from CLONE_VM has lost that, and so has its fork, which would believe for ever that it
// runs on the CPU on which it was made.
extern __attribute__((weak)) const ptrdiff_t __rseq_offset;
extern __attribute__((weak)) const unsigned __rseq_size;
static void register_rseq(void) {
#if defined(SYS_rseq) && (defined(__x86_64__) || defined(__aarch64__))
  if (&__rseq_offset == NULL || &__rseq_size == NULL || __rseq_size == 0) return;
  char* thread = NULL;
#if defined(__x86_64__)
  const unsigned signature = 0x53053053;
  __asm__("mov %%fs:0, %0" : "=r"(thread));
#else
  const unsigned signature = 0xd428bc00;
  __asm__("mrs %0, tpidr_el0" : "=r"(thread));
#endif
  const unsigned size = __rseq_size < 32 ? 32 : __rseq_size;
  syscall(SYS_rseq, thread + __rseq_offset, size, 0, signature);
#endif
}

static int set_variables_of(const struct received* received) {
  const struct warm_header* const header = &received->request.header;
  if (received->request.variables != NULL) {
    return warm_set_variables(template.interpreter, received->request.variables, header->bytes);
  }
  char* const block =
      mmap(NULL, header->bytes, PROT_READ, MAP_PRIVATE, received->descriptors[3], 0);
  if (block == MAP_FAILED) return errno;
  int error = EBADMSG;
  if (warm_are_variables(block, header->bytes, header->count)) {
    error = warm_set_variables(template.interpreter, block, header->bytes);
  }
  munmap(block, header->bytes);
  close(received->descriptors[3]);
  return error;
}

// Until the intermediate has ended the process is not the watchdog's child.
static void wait_for_parent(pid_t intermediate) {
  for (int i = 0; getppid() == intermediate; ++i) {
    const struct timespec moment = {0, 100 * 1000};
    if (i < 20) {
      sched_yield();
    } else {
      nanosleep(&moment, NULL);
    }
  }
}

// Makes this process the one of the request. When that fails nothing runs for it.
static void become_process(const struct received* received, pid_t intermediate) {
  open_memory();
  int error = warm_take_streams(&template.descriptors, received->descriptors);
  if (error == 0 && intermediate != 0) error = warm_separate_files(&template.descriptors);
  if (error == 0) error = set_variables_of(received);
  wipe_message();
  if (intermediate != 0) wait_for_parent(intermediate);
  const struct warm_header started = {
      .magic = WARM_MAGIC, .kind = WARM_STARTED, .id = received->request.header.id};
  if (error != 0) {
    say(WARM_FAILED, 0, started.id, 0, error);
  } else if (send(warm_library.control, &started, sizeof started, MSG_NOSIGNAL) < 0) {
    error = errno;  // the watchdog does not wait for it any more
  }
  if (error != 0) syscall(SYS_exit_group, 127);
  warm_library.active = 0;
  close_own();
  if (intermediate == 0) drop_pending_signals();
  for (int i = 0; i < 3; ++i) {
    const struct itimerval* const timer = &template.timers[i];
    if (timer->it_value.tv_sec != 0 || timer->it_value.tv_usec != 0) {
      setitimer((__itimer_which_t)i, timer, NULL);
    }
  }
  sigprocmask(SIG_SETMASK, &template.mask, NULL);
}

// Waits for the intermediate, which has ended or is about to. Returns the errno of its fork.
static int end_of(long intermediate) {
  int status = 0;
  while (syscall(SYS_wait4, intermediate, &status, __WALL, NULL) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : ENOMEM;
}

// Returns 1 in the fork, which goes on with the request, and 0 in the template.
static int fork_for(const struct received* received) {
  const uint32_t id = received->request.header.id;
  template.forked = 0;
  warm_before_fork(template.interpreter);
  long intermediate = warm_vfork();
  // Emulators of another architecture know no child without a signal.
  if (intermediate == -EINVAL) intermediate = vfork();
  if (intermediate == 0) {
    const pid_t own = (pid_t)syscall(SYS_getpid);
    const pid_t child = fork();
    if (child != 0) {
      template.forked = child;
      for (;;) syscall(SYS_exit_group, child < 0 ? errno : 0);
    }
    setsid();
    register_rseq();
    warm_after_fork_in_child(template.interpreter);
    become_process(received, own);
    return 1;
  }
  const int error = intermediate > 0 ? end_of(intermediate) : ENOMEM;
  warm_after_fork_in_template(template.interpreter);
  close_descriptors(received);
  wipe_message();
  if (error != 0) {
    say(WARM_FAILED, 0, id, 0, error);
  } else if (template.forked > 0) {
    say(WARM_FORKED, 0, id, 0, template.forked);
  }
  return 0;
}

static void stop_timers(void) {
  const struct itimerval none = {{0, 0}, {0, 0}};
  for (int i = 0; i < 3; ++i) {
    setitimer((__itimer_which_t)i, &none, &template.timers[i]);
  }
}

int warm_is_input(int fd) {
  struct stat status;
  if (syscall(SYS_getpid) != warm_library.pid) return 0;
  const int error = errno;
  const int same = syscall(SYS_fstat, fd, &status) == 0 &&
                   status.st_dev == warm_library.streams[0][0] &&
                   status.st_ino == warm_library.streams[0][1];
  errno = error;
  return same;
}

void warm_serve(void) {
  if (!warm_is_control(warm_library.control)) {
    warm_library.active = 0;
    open_memory();
    return;
  }
  template.interpreter = warm_find_interpreter();
  stop_timers();
  block_signals();
  int error = warm_list_descriptors(&template.descriptors);
  if (error == 0) error = warm_try_to_receive();
  if (error == 0) error = warm_try_to_separate(&template.descriptors);
  const unsigned threads = count_threads();
  if (threads == 0) error = ENOENT;
  if (threads == 1) warm_prepare(template.interpreter);
  if (error != 0) {
    say(WARM_FAILED, 0, 0, threads, error);
  } else {
    say(WARM_READY, is_parent() ? WARM_PARENT : 0, 0, threads, (int)template.interpreter);
  }
  for (;;) {
    struct received received;
    const int wrong = receive(&received);
    if (wrong < 0) syscall(SYS_exit_group, 0);
    if (wrong > 0) {
      close_descriptors(&received);
      say(WARM_FAILED, 0, received.request.header.id, 0, wrong);
      continue;
    }
    if ((received.request.header.flags & WARM_ONCE) != 0) {
      become_process(&received, 0);
      return;
    }
    if (fork_for(&received)) return;
  }
}
