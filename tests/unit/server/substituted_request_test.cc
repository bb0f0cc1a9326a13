#include "server/substituted_request.h"

#include <doctest/doctest.h>

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

RequestHead received() {
  RequestHead head{.method = "POST", .target = "/a"};
  head.fields.add("Host", "h");
  head.fields.add("Content-Type", "t");
  head.fields.add("X_Auth_Subject", "forged");
  return head;
}

}  // namespace

TEST_CASE("the function sees who calls, and nothing that a client says of it") {
  const RequestHead head = received();
  SubstitutedRequest request;
  request.identify(head, "alice", 173us);
  CHECK(request.request.method == "POST");
  CHECK(request.request.fields.find("X_Auth_Subject") == nullptr);
  CHECK(request.request.fields.find("x-auth-subject")->value == "alice");
  CHECK(request.request.fields.find("x-auth-seconds")->value == "0.000173");
  CHECK(request.request.fields.find("content-type")->value == "t");
}

TEST_CASE("a caller without a name is told to nobody") {
  const RequestHead head = received();
  SubstitutedRequest request;
  request.identify(head, "", 0s);
  CHECK(request.request.fields.find("x-auth-subject") == nullptr);
}

TEST_CASE("a local redirect is a GET without the fields of the body") {
  const RequestHead head = received();
  SubstitutedRequest request;
  request.redirect(head, "/b");
  CHECK(request.request.method == "GET");
  CHECK(request.request.target == "/b");
  CHECK(request.request.fields.find("content-type") == nullptr);
  CHECK(request.request.fields.find("host")->value == "h");
}
