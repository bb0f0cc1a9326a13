#include "status/status_board.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

struct StatusBoardTest {
  std::unique_ptr<StatusBoard> board = std::make_unique<StatusBoard>();

  void end(std::string_view target, StatusBoard::Output output = 0, bool failed = false) const {
    board->end({.method = "GET",
                .target = target,
                .status = failed ? 500 : 200,
                .failed = failed,
                .output = output});
  }
  std::vector<std::string> lines_of(size_t number) const {
    return board->picture().failed.at(number).lines;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(StatusBoardTest, "a request is running as long as its place lives") {
  {
    StatusBoard::Place place = board->begin("GET", "/a", Instant(5s));
    place.enter(Phase::kBody);
    const auto picture = board->picture();
    REQUIRE(picture.running.size() == 1);
    CHECK(picture.running[0].target == "/a");
    CHECK(picture.running[0].since == Instant(5s));
    CHECK(picture.running[0].phase == Phase::kBody);
    const StatusBoard::Place moved = std::move(place);
    CHECK(board->picture().running_count == 1);
  }
  CHECK(board->picture().running.empty());
  CHECK(board->picture().running_count == 0);
}

TEST_CASE_FIXTURE(StatusBoardTest, "of very many requests at a time all are counted") {
  std::vector<StatusBoard::Place> places;
  for (int i = 0; i < 200; ++i) places.push_back(board->begin("GET", "/", {}));
  places.back().enter(Phase::kBody);
  CHECK(board->picture().running.size() == StatusBoard::kMostRunning);
  CHECK(board->picture().running_count == 200);
  places.clear();
  CHECK(board->picture().running_count == 0);
  places.push_back(board->begin("GET", "/next", {}));
  CHECK(board->picture().running.at(0).target == "/next");
}

TEST_CASE_FIXTURE(StatusBoardTest, "the last requests are kept, the last one first") {
  for (int i = 0; i < 60; ++i) end("/" + std::to_string(i));
  const auto picture = board->picture();
  REQUIRE(picture.ended.size() == StatusBoard::kMostEnded);
  CHECK(picture.ended.front().target == "/59");
  CHECK(picture.ended.back().target == "/10");
  CHECK(picture.ended_count == 60);
  CHECK(picture.failed_count == 0);
}

TEST_CASE_FIXTURE(StatusBoardTest, "a failure has the last lines of its own output") {
  const auto one = board->new_output();
  const auto other = board->new_output();
  for (int i = 0; i < 12; ++i) board->add_line(one, std::to_string(i));
  board->add_line(other, "other");
  end("/one", one, true);
  end("/other", other, true);
  CHECK(lines_of(1) == Lines{"2", "3", "4", "5", "6", "7", "8", "9", "10", "11"});
  CHECK(lines_of(0) == Lines{"other"});
}

TEST_CASE_FIXTURE(StatusBoardTest, "a failure whose output is not known has no lines") {
  board->add_line(0, "of nobody");
  end("/", 0, true);
  board->add_line(0, "of nobody");
  CHECK(lines_of(0).empty());
}

TEST_CASE_FIXTURE(StatusBoardTest,
                  "later lines are the failure's until another request of its output ends") {
  const auto output = board->new_output();
  end("/", output, true);
  board->add_line(output, "late");
  CHECK(lines_of(0) == Lines{"late"});
  end("/good", output);
  board->add_line(output, "of another");
  CHECK(lines_of(0) == Lines{"late"});
}

TEST_CASE_FIXTURE(StatusBoardTest, "the last failures are kept, the last one first") {
  for (int i = 0; i < 7; ++i) end("/" + std::to_string(i), 0, true);
  const auto picture = board->picture();
  REQUIRE(picture.failed.size() == StatusBoard::kMostFailures);
  CHECK(picture.failed.front().request.target == "/6");
  CHECK(picture.failed.back().request.target == "/2");
  CHECK(picture.failed_count == 7);
}

TEST_CASE_FIXTURE(StatusBoardTest, "what is too long is cut between two characters") {
  const auto output = board->new_output();
  board->add_line(output, std::string(70'000, 'x'));
  std::string umlauts;
  for (int i = 0; i < 400; ++i) umlauts += "\xc3\xa4";
  board->add_line(output, umlauts);
  end(std::string(8000, 'y'), output, true);
  CHECK(lines_of(0).at(0) == std::string(497, 'x') + "...");
  CHECK(lines_of(0).at(1) == umlauts.substr(0, 496) + "...");
  CHECK(board->picture().ended.at(0).target == std::string(197, 'y') + "...");
}

TEST_CASE_FIXTURE(StatusBoardTest, "no cut lets a secret through") {
  const auto output = board->new_output();
  board->add_line(output,
                  std::string(460, 'x') + " postgres://app:word" + std::string(60, 'w') + "@db");
  board->add_line(output, "postgres://app:word" + std::string(2000, 'w') + "@db");
  board->add_line(output, "see postgres://app:word [line continues]");
  end("/?" + std::string(180, 'x') + "&a=http://u:word" + std::string(60, 'w') + "@h", output,
      true);
  CHECK(lines_of(0) == Lines{std::string(460, 'x') + " postgres://***@db", "postgres://***...",
                             "see postgres://***..."});
  CHECK(board->picture().ended.at(0).target.find("word") == std::string::npos);
}

TEST_CASE_FIXTURE(StatusBoardTest, "secrets are masked in all that is kept") {
  const auto output = board->new_output();
  board->add_line(output, "to\x1b[1mken=word");
  const StatusBoard::Place place = board->begin("GET", "/?token=word", {});
  board->end({.method = "GET",
              .target = "/?token=word",
              .detail = "token=word",
              .failed = true,
              .output = output});
  const auto picture = board->picture();
  CHECK(lines_of(0) == Lines{"token=***"});
  CHECK(picture.running.at(0).target == "/?token=***");
  CHECK(picture.ended.at(0).target == "/?token=***");
  CHECK(picture.failed.at(0).request.detail == "token=***");
}

TEST_CASE_FIXTURE(StatusBoardTest, "what is for terminals only, and no text, does not stay") {
  const auto output = board->new_output();
  board->add_line(output, "\x1b[1;31mred\x1b[0m\tand \x1b]0;title\x07 \xff\xc2\x9b");
  board->add_line(output, "");
  board->add_line(output, "\x1b[");
  board->add_line(output, "\x1b[1\xc3\xa4m stays");
  end("/", output, true);
  CHECK(lines_of(0) ==
        Lines{"red    and \\x1b]0;title\\x07 \\xff\\xc2\\x9b", "\\x1b[", "\\x1b[1\xc3\xa4m stays"});
}

TEST_CASE_FIXTURE(StatusBoardTest, "it is used by several threads at a time") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int k = 0; k < 500; ++k) {
        StatusBoard::Place place = board->begin("GET", "/", {});
        place.enter(Phase::kFirstByte);
        place.line_copy()("a line");
        end("/", place.output(), true);
        CHECK(board->picture().running_count <= 4);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(board->picture().ended_count == 2000);
  CHECK(board->picture().running_count == 0);
}
