#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "modes/fork/preload/library.h"

// In the oldest C libraries it is in a library of its own, which not every program has loaded.
#pragma weak pthread_getspecific

// What the interpreters export, and no header of theirs is needed for. Weak: of four families one
// is there.
#define THEIRS extern __attribute__((weak, visibility("default")))

// --- python3: the environment is copied into os.environ when `os` is imported ---

THEIRS int PyGILState_Ensure(void);
THEIRS void PyGILState_Release(int);
THEIRS void PyOS_BeforeFork(void);
THEIRS void PyOS_AfterFork_Parent(void);
THEIRS void PyOS_AfterFork_Child(void);
THEIRS int Py_IsInitialized(void);
THEIRS void* PyImport_ImportModule(const char*);
THEIRS void* PyObject_CallMethod(void*, const char*, const char*, ...);
THEIRS void* PyObject_GetAttrString(void*, const char*);
THEIRS int PyObject_SetItem(void*, void*, void*);
THEIRS void* PyUnicode_DecodeFSDefaultAndSize(const char*, ssize_t);
THEIRS void PyErr_Clear(void);
THEIRS void Py_DecRef(void*);

static int python_gil;  // of the call that is under way

static void python_call(const char* module_name, const char* function) {
  void* const module = PyImport_ImportModule(module_name);
  void* const result = module != NULL ? PyObject_CallMethod(module, function, NULL) : NULL;
  Py_DecRef(result);
  Py_DecRef(module);
  PyErr_Clear();
}

// Without freeze() the first collection in each fork writes into every object, and so copies the
// memory of all of them.
static void python_prepare(void) {
  const int gil = PyGILState_Ensure();
  python_call("gc", "collect");
  python_call("gc", "freeze");
  PyGILState_Release(gil);
}

static int python_set(void* environ, const char* name, size_t name_size, const char* value) {
  void* const key = PyUnicode_DecodeFSDefaultAndSize(name, (ssize_t)name_size);
  void* const text = PyUnicode_DecodeFSDefaultAndSize(value, (ssize_t)strlen(value));
  // os.environ encodes it again, keeps it and calls putenv.
  const int set = key != NULL && text != NULL && PyObject_SetItem(environ, key, text) == 0;
  Py_DecRef(key);
  Py_DecRef(text);
  return set ? 0 : EINVAL;
}

// --- perl: %ENV is made at the start; setting a variable there is a store into a hash ---

THEIRS pthread_key_t PL_thr_key;  // in a perl with threads, whose functions take the interpreter
THEIRS void* Perl_get_hv();
THEIRS void* Perl_get_sv();
THEIRS void* Perl_newSVpvn();
THEIRS void* Perl_hv_common_key_len();
THEIRS void Perl_sv_setiv_mg();
THEIRS long Perl_sv_2iv_flags();

typedef void* (*get_variable)(void*, const char*, int);
typedef void* (*get_variable_alone)(const char*, int);

// Makes it where the script has not named it.
static void* perl_variable(void* (*function)(), void* perl, const char* name) {
  const int add = 1;  // GV_ADD
  if (perl == NULL) return ((get_variable_alone)function)(name, add);
  return ((get_variable)function)(perl, name, add);
}

static void* perl_of_this_thread(void) {
  return &PL_thr_key != NULL ? pthread_getspecific(PL_thr_key) : NULL;
}

// Whether it distrusts what comes from outside (perl -T): our variables would not be tainted, and
// what such a script refuses to run of a client's it would run.
static int perl_distrusts(void) {
  void* const perl = perl_of_this_thread();
  if (Perl_get_sv == NULL || Perl_sv_2iv_flags == NULL) return 1;
  void* const taint = perl_variable(Perl_get_sv, perl, "\024AINT");
  if (taint == NULL) return 0;
  const int32_t with_magic = 2;  // SV_GMAGIC
  if (perl == NULL) return ((long (*)(void*, int32_t))Perl_sv_2iv_flags)(taint, with_magic) != 0;
  return ((long (*)(void*, void*, int32_t))Perl_sv_2iv_flags)(perl, taint, with_magic) != 0;
}

static int perl_set(void* perl, void* hash, const char* name, size_t name_size, const char* value) {
  const int store = 0x04 | 0x20;  // HV_FETCH_ISSTORE, HV_FETCH_JUST_SV
  void* stored = NULL;
  if (perl != NULL) {
    void* const text =
        ((void* (*)(void*, const char*, size_t))Perl_newSVpvn)(perl, value, strlen(value));
    stored = ((
        void* (*)(void*, void*, const char*, int32_t, int, void*, uint32_t))Perl_hv_common_key_len)(
        perl, hash, name, (int32_t)name_size, store, text, 0);
  } else {
    void* const text = ((void* (*)(const char*, size_t))Perl_newSVpvn)(value, strlen(value));
    stored = ((void* (*)(void*, const char*, int32_t, int, void*, uint32_t))Perl_hv_common_key_len)(
        hash, name, (int32_t)name_size, store, text, 0);
  }
  return stored != NULL ? 0 : ENOMEM;
}

// $^T, the time at which the program began.
static void perl_set_basetime(void* perl) {
  void* const basetime = perl_variable(Perl_get_sv, perl, "\024");
  if (basetime == NULL || Perl_sv_setiv_mg == NULL) return;
  const ssize_t now = (ssize_t)time(NULL);
  if (perl != NULL) {
    ((void (*)(void*, void*, ssize_t))Perl_sv_setiv_mg)(perl, basetime, now);
  } else {
    ((void (*)(void*, ssize_t))Perl_sv_setiv_mg)(basetime, now);
  }
}

// --- php: getenv() asks the C library, $_SERVER and $_ENV are copies ---

THEIRS int zend_eval_string_ex(const char*, void*, const char*, int);
THEIRS char sapi_module;

// A constant, to which the variables are data: it takes them from the environment, where the last
// one has their names. A closure, so that the script's own variables are left alone. The order is
// that of a script that has just been started: the environment first.
#define PHP_NAMES "FWATCHDOG_NAMES"
static const char kPhpCode[] =
    "(static function () { try {"
    " $mine = [];"
    " foreach (explode('=', getenv('" PHP_NAMES
    "'), -1) as $name) $mine[$name] = getenv($name);"
    " putenv('" PHP_NAMES
    "');"
    " $order = (string) ini_get('variables_order');"
    " if (stripos($order, 'S') !== false) {"
    "  $now = microtime(true);"
    "  $all = [];"
    "  foreach ($_SERVER as $name => $value) {"
    "   if ($name === 'PHP_SELF') $all += $mine;"
    "   $all[$name] = $value;"
    "  }"
    "  $all += $mine;"
    "  if (isset($all['REQUEST_TIME'])) $all['REQUEST_TIME'] = (int) $now;"
    "  if (isset($all['REQUEST_TIME_FLOAT'])) $all['REQUEST_TIME_FLOAT'] = $now;"
    "  $_SERVER = $all;"
    " }"
    " if (stripos($order, 'E') !== false) $_ENV = array_replace($_ENV, $mine);"
    " mt_srand();"
    " return true;"
    "} catch (\\Throwable $problem) { return false; } })()";

// "Http_Host=Http_Path=": a name has no '='. Null without memory; to be freed.
static char* names_of(const char* variables, size_t size) {
  char* const names = malloc(size + 1);
  if (names == NULL) return NULL;
  char* end = names;
  for (const char* entry = variables; entry < variables + size; entry += strlen(entry) + 1) {
    const size_t length = (size_t)(strchr(entry, '=') - entry) + 1;
    memcpy(end, entry, length);
    end += length;
  }
  *end = '\0';
  return names;
}

static int php_set_all(const char* variables, size_t size) {
  char* const names = names_of(variables, size);
  if (names == NULL) return ENOMEM;
  const int told = setenv(PHP_NAMES, names, 1);
  free(names);
  if (told != 0) return errno;
  // A zval: the value, and a type behind it, of which `true` is 3.
  struct {
    uint64_t value;
    uint32_t type;
    uint32_t more;
  } result = {0, 0, 0};
  const int evaluated = zend_eval_string_ex(kPhpCode, &result, "fwatchdog", 0);
  return evaluated == 0 && (result.type & 0xff) == 3 ? 0 : EINVAL;
}

// --- bash: the environment becomes variables of the shell ---

THEIRS int dollar_dollar_pid;
THEIRS void* bind_global_variable(const char*, char*, int);
THEIRS void* find_variable_noref(const char*);
THEIRS void set_var_attribute(char*, int, int);
THEIRS int array_needs_making;
THEIRS void seedrand(void);
THEIRS void seedrand32(void);
THEIRS time_t shell_start_time;

// A name that the script has declared already is refused: bound to an integer, a value would be
// evaluated, command substitutions in it and all; a readonly one would keep what it has.
static int bash_set(const char* entry, size_t name_size, const char* value) {
  char name[256];
  if (name_size >= sizeof name) return E2BIG;
  memcpy(name, entry, name_size);
  name[name_size] = '\0';
  if (find_variable_noref(name) != NULL) return EEXIST;
  if (bind_global_variable(name, (char*)value, 0) == NULL) return ENOMEM;
  set_var_attribute(name, 0x0000001, 0);  // exported
  return 0;
}

// $$ is the name of many a temporary file: it must be the fork's own.
static void bash_renew(void) {
  dollar_dollar_pid = getpid();
  array_needs_making = 1;
  if (&seedrand != NULL) seedrand();
  if (&seedrand32 != NULL) seedrand32();
  if (&shell_start_time != NULL) shell_start_time = time(NULL);
}

// --- all ---

enum warm_interpreter warm_find_interpreter(void) {
  if (PyOS_BeforeFork != NULL && Py_IsInitialized != NULL && Py_IsInitialized()) {
    return WARM_PYTHON;
  }
  if (zend_eval_string_ex != NULL && &sapi_module != NULL) return WARM_PHP;
  if (Perl_get_hv != NULL && Perl_hv_common_key_len != NULL) {
    return perl_distrusts() ? WARM_UNKNOWN : WARM_PERL;
  }
  if (bind_global_variable != NULL && find_variable_noref != NULL && set_var_attribute != NULL &&
      &dollar_dollar_pid != NULL && &array_needs_making != NULL) {
    return WARM_BASH;
  }
  return WARM_UNKNOWN;
}

void warm_prepare(enum warm_interpreter interpreter) {
  if (interpreter == WARM_PYTHON) python_prepare();
}

void warm_before_fork(enum warm_interpreter interpreter) {
  if (interpreter != WARM_PYTHON) return;
  python_gil = PyGILState_Ensure();
  PyOS_BeforeFork();
}

void warm_after_fork_in_template(enum warm_interpreter interpreter) {
  if (interpreter != WARM_PYTHON) return;
  PyOS_AfterFork_Parent();
  PyGILState_Release(python_gil);
}

// Which also renews the seed of `random`.
void warm_after_fork_in_child(enum warm_interpreter interpreter) {
  if (interpreter != WARM_PYTHON) return;
  PyOS_AfterFork_Child();
  PyGILState_Release(python_gil);
}

// What a family's setter needs for each variable.
struct target {
  enum warm_interpreter interpreter;
  void* environ;  // os.environ, or %ENV
  void* perl;
};

static int set_variable(const struct target* target, const char* entry) {
  const char* const equals = strchr(entry, '=');
  const size_t name_size = (size_t)(equals - entry);
  const char* const value = equals + 1;
  char name[256];
  switch (target->interpreter) {
    case WARM_BASH:
      return bash_set(entry, name_size, value);
    case WARM_PYTHON:
      return python_set(target->environ, entry, name_size, value);
    case WARM_PERL: {
      const int error = perl_set(target->perl, target->environ, entry, name_size, value);
      if (error != 0) return error;
      break;
    }
    default:
      break;
  }
  if (name_size >= sizeof name) return E2BIG;
  memcpy(name, entry, name_size);
  name[name_size] = '\0';
  return setenv(name, value, 1) == 0 ? 0 : errno;
}

static int set_all(const struct target* target, const char* variables, size_t size) {
  for (const char* entry = variables; entry < variables + size; entry += strlen(entry) + 1) {
    const int error = set_variable(target, entry);
    if (error != 0) return error;
  }
  return 0;
}

static int set_python(const char* variables, size_t size) {
  const int gil = PyGILState_Ensure();
  void* const module = PyImport_ImportModule("os");
  void* const environ = module != NULL ? PyObject_GetAttrString(module, "environ") : NULL;
  const struct target target = {WARM_PYTHON, environ, NULL};
  const int error = environ != NULL ? set_all(&target, variables, size) : EINVAL;
  PyErr_Clear();
  Py_DecRef(environ);
  Py_DecRef(module);
  PyGILState_Release(gil);
  return error;
}

static int set_perl(const char* variables, size_t size) {
  void* const perl = perl_of_this_thread();
  const struct target target = {WARM_PERL, perl_variable(Perl_get_hv, perl, "ENV"), perl};
  if (target.environ == NULL) return EINVAL;
  if (Perl_get_sv != NULL) perl_set_basetime(perl);
  return set_all(&target, variables, size);
}

int warm_set_variables(enum warm_interpreter interpreter, const char* variables, size_t size) {
  if (interpreter == WARM_PYTHON) return set_python(variables, size);
  if (interpreter == WARM_PERL) return set_perl(variables, size);
  const struct target target = {interpreter, NULL, NULL};
  const int error = set_all(&target, variables, size);
  if (error != 0) return error;
  if (interpreter == WARM_BASH) bash_renew();
  return interpreter == WARM_PHP ? php_set_all(variables, size) : 0;
}
