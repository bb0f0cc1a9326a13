#include "status/masking.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace watchdog;

TEST_CASE("what stands before the host of a URL is masked") {
  CHECK(masked("postgres://app:word@db/x") == "postgres://***@db/x");
  CHECK(masked("see http://word@host and redis://:p@ss@h:1/0?a=b") ==
        "see http://***@host and redis://***@h:1/0?a=b");
  CHECK(masked("http://host/a@b") == "http://host/a@b");
  CHECK(masked("http://@host") == "http://@host");
  CHECK(masked("http://host?mail=a@b") == "http://host?mail=a@b");
}

TEST_CASE("the value of a name of a secret is masked up to where it ends") {
  CHECK(masked("/?access_token=word&page=7") == "/?access_token=***&page=7");
  CHECK(masked("env API_KEY=word php x") == "env API_KEY=*** php x");
  CHECK(masked("--db-password=word") == "--db-password=***");
  CHECK(masked("PASSWORD='two words' next") == "PASSWORD='***' next");
  CHECK(masked("Client-Secret=\"a,b\", x") == "Client-Secret=\"***\", x");
  CHECK(masked("sig=abc") == "sig=***");
  CHECK(masked("/?token=") == "/?token=");
}

TEST_CASE("the word after an option for a secret is masked, also among words as JSON") {
  CHECK(masked("run --token word --port 1") == "run --token *** --port 1");
  CHECK(masked(R"(["run", "--api-key", "word", "x"])") == R"(["run", "--api-key", "***", "x"])");
  CHECK(masked("--token") == "--token");
}

TEST_CASE("secrets in JSON and after a scheme are masked") {
  CHECK(masked(R"({"password": "word", "user":"me"})") == R"({"password": "***", "user":"me"})");
  CHECK(masked("Authorization: Bearer abc.def") == "Authorization: ***");
  CHECK(masked("authorization=basic word") == "authorization=***");
  CHECK(masked("token=Bearer") == "token=***");
}

TEST_CASE("what is no secret stays") {
  for (const char* text :
       {"", "/orders/17?page=2", "KeyError: 'name'", "unexpected token: }", "basic", "design=7",
        "mode=http", "user@host", "token::parse", "code: 'ECONNREFUSED'", "status_code=500", "100%",
        "://", "=", "token", "the key is missing"}) {
    CHECK(masked(text) == text);
  }
}

TEST_CASE("names of secrets are told in any case") {
  for (const char* name : {"secret", "CLIENT_SECRET", "DbPasswd", "X-Api-Key", "id_token", "PWD1",
                           "DB_PASS", "--pass", "session_id", "jwt", "Cookie"}) {
    CHECK(names_secret(name));
  }
  for (const char* name : {"", "page", "sigma", "user", "passenger", "KeyError", "residue"})
    CHECK_FALSE(names_secret(name));
}

TEST_CASE("user info is masked whatever it has in it") {
  for (const char* word : {"a#b", "a/b", "a?b", "a(b)", "a@b", "a,b;c", "a\\b"}) {
    CHECK(masked("postgres://app:" + std::string(word) + "@db/x") == "postgres://***@db/x");
  }
  CHECK(masked(R"({"url":"postgres:\/\/u:x@h"})") == R"({"url":"postgres:\/\/***@h"})");
}

TEST_CASE("user info that a cut has left without its end is masked") {
  CHECK(masked_beginning("see postgres://app:wo") == "see postgres://***");
  CHECK(masked_beginning("see postgres://app:a@wo") == "see postgres://***");
  CHECK(masked_beginning("see http://host/wo") == "see http://host/wo");
  CHECK(masked_beginning("see http://host:80/a and") == "see http://host:80/a and");
}

TEST_CASE("a value in quotes ends at the same quotes") {
  CHECK(masked(R"({\"password\":\"word\",\"a\":1})") == R"({\"password\":\"***\",\"a\":1})");
  CHECK(masked(R"(PASSWORD=\"two words\" run)") == R"(PASSWORD=\"***\" run)");
  CHECK(masked(R"({"password":"a\"word","b":"c"})") == R"({"password":"***","b":"c"})");
  CHECK(masked(R"({\"key\":\"a\\\"word\",\"b\":1})") == R"({\"key\":\"***\",\"b\":1})");
  CHECK(masked(R"("password" : "word")") == R"("password" : "***")");
  CHECK(masked("{'password': 'word', 'a': 1}") == "{'password': '***', 'a': 1}");
  CHECK(masked("token='word of which the rest is cut") == "token='***");
}

TEST_CASE("a value without quotes may have backslashes in it") {
  CHECK(masked("token=a\\word&b=c") == "token=***&b=c");
  CHECK(masked("token=\\x01word next") == "token=*** next");
}

TEST_CASE("an option's word may have all but white space and quotes in it") {
  CHECK(masked("--password=a,b;c next") == "--password=*** next");
  CHECK(masked("--password 'two words' next") == "--password '***' next");
  CHECK(masked("--password   a(b next") == "--password   *** next");
}

TEST_CASE("words of a command are masked whole") {
  using Words = std::vector<std::string>;
  CHECK(masked_words({"run", "--password", "two words", "x"}) ==
        Words{"run", "--password", "***", "x"});
  CHECK(masked_words({"PASSWORD=a b,c", "--key=\"a\" b", "-p"}) ==
        Words{"PASSWORD=***", "--key=***", "-p"});
  CHECK(masked_words({"sh", "-c", "run --token 'a b' http://u:x@h", "--token"}) ==
        Words{"sh", "-c", "run --token '***' http://***@h", "--token"});
}

TEST_CASE("the signs between a name and its value may have spaces around them") {
  CHECK(masked("password: word next") == "password: *** next");
  CHECK(masked("password = word") == "password = ***");
  CHECK(masked("secret => 'word'") == "secret => '***'");
  CHECK(masked("X-Api-Key: word") == "X-Api-Key: ***");
  CHECK(masked("/?to=%3Ftoken%3Dword%26page%3D7") == "/?to=%3Ftoken%3D***%26page%3D7");
  CHECK(masked("token%3Aword") == "token%3A***");
  CHECK(masked("/cb?code=word&state=x") == "/cb?code=***&state=x");
}

TEST_CASE("credentials in header fields are masked to the end of the line") {
  CHECK(masked("Authorization: Token word, more=\"word\"") == "Authorization: ***");
  CHECK(masked("Cookie: a=word; b=word\nHost: x") == "Cookie: ***\nHost: x");
  CHECK(masked("set-cookie: a=word; Path=/") == "set-cookie: ***");
  CHECK(masked("Bearer  word next") == "Bearer  *** next");
}
