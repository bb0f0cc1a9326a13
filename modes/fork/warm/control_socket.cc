#include "modes/fork/warm/control_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace watchdog {

bool open_control_sockets(Fd& ours, Fd& theirs) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  ours = Fd(ends[0]);
  theirs = Fd(ends[1]);
  const int on = 1;
  return ::setsockopt(ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0;
}

int send_request(int socket, const warm_header& header, std::string_view behind,
                 const std::array<int, 4>& descriptors, size_t count) {
  std::array<iovec, 2> parts = {{{const_cast<warm_header*>(&header), sizeof header},
                                 {const_cast<char*>(behind.data()), behind.size()}}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> control{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(count * sizeof(int));
  std::memcpy(CMSG_DATA(rights), descriptors.data(), count * sizeof(int));
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

ControlMessage receive_from(int socket) {
  ControlMessage received;
  iovec part{&received.header, sizeof received.header};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred)) + 64> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) received.what = ControlMessage::What::kNothing;
  if (size <= 0) return received;
  for (cmsghdr* more = CMSG_FIRSTHDR(&message); more != nullptr;
       more = CMSG_NXTHDR(&message, more)) {
    if (more->cmsg_level != SOL_SOCKET) continue;
    if (more->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(more), sizeof sender);
      received.sender = sender.pid;
    } else if (more->cmsg_type == SCM_RIGHTS) {  // nobody of ours sends any
      for (size_t at = CMSG_LEN(0); at + sizeof(int) <= more->cmsg_len; at += sizeof(int)) {
        int fd = -1;
        std::memcpy(&fd, reinterpret_cast<char*>(more) + at, sizeof fd);
        ::close(fd);
      }
    }
  }
  received.what = ControlMessage::What::kMessage;
  if (size != sizeof received.header || received.header.magic != WARM_MAGIC) received.header = {};
  return received;
}

}  // namespace watchdog
