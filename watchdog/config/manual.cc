#include "config/manual.h"

#include <fmt/format.h>
#include <gnu/libc-version.h>

#include <string_view>

#include "base/version.h"
#include "config/command_line.h"
#include "config/options.h"
#include "libraries.h"

namespace watchdog {

namespace {

constexpr std::string_view kFirstSections = R"(.SH NAME
fwatchdog \- turn a command, a server, scripts or a folder into an HTTP function
.SH SYNOPSIS
.B fwatchdog
.RI [ options ]
.RB [ \-\- " command"
.RI [ argument ...]]
.SH DESCRIPTION
The entrypoint of a function container: it answers health checks, keeps the logs, supervises and
reaps the function's processes as PID 1, and stops without losing a request.
.PP
Every option is also an environment variable with underscores; the command line wins. Durations are
250ms, 30s, 1m30s, a bare number is seconds; sizes are bytes, 10MiB, 1g.
)";

constexpr std::string_view kLastSections = R"(.SH EXIT STATUS
.TP
.B 0
Stopped after a drain, or healthy.
.TP
.B 1
Not healthy.
.TP
.B 64
The configuration cannot be used.
.TP
.B 69
The port cannot be used, or the function's server never became ready.
.TP
.B 70
Internal error.
.TP
.B 126
The function's server cannot be started: its command is no program, or may not be run.
.TP
.B 127
There is no such command as the function's server.
.PP
Where a server of the function's own ended by itself, that of the server; 128 and the number of the
signal that killed it.
.SH SIGNALS
SIGTERM and SIGQUIT drain; SIGINT does without the phase in which it still serves. Of a server that
is kept warm, SIGHUP, SIGUSR1, SIGUSR2 and SIGWINCH reach its process.
.SH EXAMPLES
.nf
fprocess="php index.php" fwatchdog
fwatchdog \-\-mode http \-\-upstream\-url http://127.0.0.1:3000 \-\- node index.js
fwatchdog \-\-mode static \-\-static\-path .
.fi
)";

// A text as roff takes it: no escapes, no line that looks like a request.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out.append("\\&").append(1, c);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string manual_page() {
  std::string page =
      fmt::format(".TH FWATCHDOG 1 \"\" \"fwatchdog {}\" \"User commands\"\n", roff(kVersion));
  page += kFirstSections;
  page += ".SH ACTIONS\n";
  for (const ActionRow& action : action_rows()) {
    const std::string topic = action.topic.empty() ? "" : fmt::format(" \" {}\"", action.topic);
    page += fmt::format(".TP\n.BI {}{}\n{}.\n", roff(fmt::format("--{}", action.name)), topic,
                        roff(action.meaning));
  }
  page += ".SH OPTIONS\n";
  const OptionGroup* group = nullptr;
  for (const Option& option : options()) {
    if (option.group != group) page += fmt::format(".SS {}\n", roff(heading(*option.group)));
    group = option.group;
    page += fmt::format(".TP\n.BI {} \" {}\"\n{}", roff("--" + long_option(option.name)),
                        option.value.placeholder, roff(option.full_meaning()));
    if (!option.usual.text.empty()) {
      page += fmt::format("; the default is {}", roff(option.usual.text));
    }
    page += ".\n";
  }
  return page + std::string(kLastSections);
}

namespace {

std::string row_markdown(const Option& option) {
  std::string names = fmt::format("`{}`", option.name);
  if (!option.alias.empty()) names += fmt::format(", `{}`", option.alias);
  const std::string value = option.usual.text.empty() ? "" : fmt::format("`{}`", option.usual.text);
  return fmt::format("| {} | {} | {} |\n", names, value, option.full_meaning());
}

}  // namespace

std::string option_table_markdown() {
  constexpr std::string_view kHead = "| variable | default | meaning |\n|---|---|---|\n";
  std::string text(kHead);
  for (const Option& option : common_options()) text += row_markdown(option);
  const OptionGroup* group = nullptr;
  for (const auto& rows : {access_options(), mode_options(), trace_options()}) {
    for (const Option& option : rows) {
      if (option.group != group) {
        group = option.group;
        text += fmt::format("\n## {}\n\n{}", heading(*group), kHead);
      }
      text += row_markdown(option);
    }
  }
  return text;
}

std::string linked_libraries() {
  return fmt::format("fwatchdog {} MIT\n{}glibc {} LGPL-2.1-or-later\n", kVersion,
                     FWATCHDOG_LIBRARIES, gnu_get_libc_version());
}

}  // namespace watchdog
