#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "http/forward.h"
#include "http/forwarded.h"
#include "http/request_reader.h"

// A request on its way to a function's server: what goes out is a request that our own reader takes,
// with one Host and one framing, and where it came from is what we say, or what a trusted peer says.

namespace {

using namespace watchdog;

constexpr std::string_view kPeer = "192.0.2.1";

void require(bool held, const char* promise) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

size_t count(const Fields& fields, std::string_view name) {
  size_t found = 0;
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, name)) ++found;
  }
  return found;
}

void check_untrusted(const Fields& fields) {
  for (const Field& field : fields) {
    if (!is_forwarded_field(field.name)) continue;
    const bool host = field.name == "X-Forwarded-Host";
    require(host || (field.name == "X-Forwarded-For" && field.value == kPeer) ||
                (field.name == "X-Forwarded-Proto" && field.value == "http"),
            "a stranger does not say where it came from");
    require(count(fields, field.name) == 1, "it is said once");
  }
  require(!came_over_tls(fields), "a stranger did not speak TLS");
}

void check_sent(const RequestHead& head) {
  std::string out;
  append_forwarded_head(out, head, {"/prefix", "fallback"});
  RequestReader reader;
  reader.feed(out);
  require(reader.next() == ReadEvent::kHead, "what is sent is a request");
  require(reader.consumed() == out.size(), "its head is all of it");
  const RequestHead& sent = reader.request();
  require(sent.method == head.method, "its method is the same");
  require(sent.minor_version == 1, "it is HTTP/1.1");
  require(sent.framing == head.framing, "its body ends in the same way");
  require(count(sent.fields, "host") == 1, "it has one Host");
  for (const Field& field : head.fields) {
    if (!is_end_to_end(field.name)) continue;
    require(count(sent.fields, field.name) == count(head.fields, field.name),
            "nothing takes away what is for the far end");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const AddressSet trusted_networks = *AddressSet::parse("192.0.2.0/24, 10.0.0.0/8");
  if (size == 0) return 0;
  const bool trusted = data[0] % 2 == 1;
  RequestReader reader;
  reader.feed({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (reader.next() != ReadEvent::kHead) return 0;
  RequestHead& head = reader.request();
  settle_forwarded_fields(head, kPeer, trusted);
  if (!trusted) check_untrusted(head.fields);
  const size_t settled = head.fields.size();
  settle_forwarded_fields(head, kPeer, true);
  require(head.fields.size() == settled, "what is settled stays");
  require(client_address(head.fields, IpAddress(), trusted_networks) == IpAddress(),
          "a peer that is not trusted names nobody");
  client_address(head.fields, *IpAddress::parse(kPeer), trusted_networks);
  check_sent(head);
  return 0;
}
