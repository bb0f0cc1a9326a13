#ifndef WATCHDOG_PRELOAD_LIBRARY_H
#define WATCHDOG_PRELOAD_LIBRARY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "modes/fork/preload/control.h"

// The library that the watchdog preloads into a function's program (warm_start). It makes the
// program stop where it would first read its input, and go on from there once per request:
//
//   hooks.c         what the program calls in place of the C library: read and exec
//   serve.c         waiting for requests, and the processes that take them
//   descriptors.c   which descriptors become the request's, and which get a position of their own
//   interpreter.c   the variables and seeds of python3, php, perl and bash
//   control.c       the messages
//
// It has one thread, that of the program. It is linked without the C library, and every function
// of another's is declared weak or is as old as the C library itself: so one file serves every
// glibc and musl, and is found in whatever the program has loaded.
//
// Nothing here may end the program, print, or throw away what it did: where the library cannot do
// its work it stays out of the way, and the watchdog starts the program as if it were not there.

// The program's side of the sockets, and what it was given as 0, 1 and 2.
struct warm_library {
  int active;   // this process is a program that has not read its input yet
  pid_t pid;    // of the program; its children are not concerned
  int control;  // the socket
  int image;    // the memfd that this library was loaded from, for programs that it executes
  uint64_t control_inode;
  uint64_t image_inode;
  uint64_t streams[3][2];  // device and inode of 0, 1 and 2
};
extern struct warm_library warm_library;

// Whether `fd` is the program's standard input, or a copy of it.
int warm_is_input(int fd);
// Whether `fd` still is the socket, or the image: a script may have closed all that it did not
// know, and have put something else in their place.
int warm_is_control(int fd);
int warm_is_image(int fd);
// Has only the kernel and root look into this process, until it has a request.
void warm_shut_memory(void);
// Waits for requests. Returns in each process that is to go on with one; the program itself only
// returns from it with WARM_ONCE, or when it cannot be a template.
void warm_serve(void);

// --- descriptors.c ---

enum { WARM_MOST_COPIES = 64, WARM_MOST_FILES = 128 };

// What the template has open and a fork must not share with others.
struct warm_descriptors {
  size_t copies;  // of 0, 1 and 2, themselves included
  struct warm_copy {
    int fd;
    int stream;
    int flags;    // of the descriptor
    int opening;  // O_NONBLOCK, where the program has set it
  } copy[WARM_MOST_COPIES];
  size_t files;  // opened for reading: their position would be common to all forks
  struct warm_file {
    int fd;
    int flags;    // of the descriptor
    int opening;  // of the open file
    off_t position;
  } file[WARM_MOST_FILES];
};
// Returns 0, or an errno where there are too many, or where /proc cannot tell.
int warm_list_descriptors(struct warm_descriptors* all);
// Whether a request's descriptors could be received: 0, or an errno.
int warm_try_to_receive(void);
// Puts `streams` in the place of every copy of 0, 1 and 2, and closes them. Returns 0 or an errno.
int warm_take_streams(const struct warm_descriptors* all, const int streams[3]);
// Gives every file a position of its own. Returns 0 or an errno.
int warm_separate_files(const struct warm_descriptors* all);
// Whether that would succeed: 0, or an errno.
int warm_try_to_separate(const struct warm_descriptors* all);

// Writes the decimal digits of a number, at most 20. Returns their end.
char* warm_write_number(char* at, uint64_t number);

// --- interpreter.c ---

enum warm_interpreter warm_find_interpreter(void);
// Before the first fork: moves what python3's garbage collector would write to out of its way.
void warm_prepare(enum warm_interpreter interpreter);
// Around each fork, for what the interpreter itself would do around one.
void warm_before_fork(enum warm_interpreter interpreter);
void warm_after_fork_in_template(enum warm_interpreter interpreter);
void warm_after_fork_in_child(enum warm_interpreter interpreter);
// Gives the process the variables, wherever its interpreter keeps them, and fresh seeds. Values are
// data and never become code. Returns 0 or an errno.
int warm_set_variables(enum warm_interpreter interpreter, const char* variables, size_t size);

#endif
