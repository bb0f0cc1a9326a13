"""python3 without_memfd.py COMMAND...: runs it where memfd_create(2) is refused, as strict seccomp profiles do."""

import ctypes
import errno
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
RETURN_ERRNO, RETURN_ALLOW = 0x00050000, 0x7FFF0000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
MEMFD_CREATE = {"x86_64": 319, "aarch64": 279}[platform.machine()]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def instruction(code, if_true, if_false, operand):
    return struct.pack("HBBI", code, if_true, if_false, operand)


rules = (instruction(LOAD_WORD, 0, 0, 0)  # the number of the call
         + instruction(JUMP_IF_EQUAL, 0, 1, MEMFD_CREATE)
         + instruction(RETURN, 0, 0, RETURN_ERRNO | errno.ENOSYS)
         + instruction(RETURN, 0, 0, RETURN_ALLOW))
libc = ctypes.CDLL(None, use_errno=True)
for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
                  (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(rules) // 8, rules)), 0, 0)):
    if libc.prctl(*arguments) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
try:
    os.memfd_create("refused")
    sys.exit("memfd_create is not refused")
except OSError as error:
    assert error.errno == errno.ENOSYS, error
os.execvp(sys.argv[1], sys.argv[1:])
