#include "base/html.h"

#include <doctest/doctest.h>

using namespace watchdog;

TEST_CASE("what a page must not take for markup is escaped, and all else is left") {
  std::string out = "<p>";
  append_html(out, "<a href=\"x\" title='y'>&amp; \xc3\xa4\n");
  CHECK(out == "<p>&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp; \xc3\xa4\n");
}
