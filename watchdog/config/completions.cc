#include "config/completions.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "config/command_line.h"
#include "config/options.h"

namespace watchdog {

namespace {

// Each with a space before it.
std::string listed(const std::vector<std::string_view>& words) {
  std::string list;
  for (const std::string_view word : words) list.append(" ").append(word);
  return list;
}

// The command of bash that completes a value.
std::string completion_of(const OptionValue& value) {
  const std::string words = listed(value.choices());
  switch (value.completion) {
    case Completion::kWords:
      return words.empty() ? ":" : fmt::format("_fwatchdog_words \"$word\"{}", words);
    case Completion::kFolders:
      return "compopt -o dirnames";
    case Completion::kFiles:
      return "compopt -o default";
    case Completion::kCommands:
      return "_fwatchdog_words \"$word\" $(compgen -c -- \"$word\")";
  }
  return ":";
}

}  // namespace

std::string bash_completion() {
  std::string words;
  for (const ActionRow& action : action_rows()) words += fmt::format(" --{}", action.name);
  std::string cases = fmt::format(
      "    --help) _fwatchdog_words \"$word\"{} --markdown --man --bash-completion "
      "--zsh-completion --fish-completion ;;\n",
      listed(mode_words()));
  for (const Option& option : options()) {
    words += " --" + long_option(option.name);
    std::string names = "--" + long_option(option.name);
    if (!option.alias.empty()) names += " | --" + long_option(option.alias);
    cases += fmt::format("    {}) {} ;;\n", names, completion_of(option.value));
  }
  // Bash breaks words at '=' unless the user has told it otherwise. Names of files are left to it,
  // as it knows how to quote them.
  return fmt::format(
      R"(_fwatchdog_words() {{
  local IFS=$' \t\n' word=$1
  shift
  COMPREPLY=($(compgen -W "$*" -- "$word"))
}}

_fwatchdog() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${{COMP_WORDS[i]}} == -- ]] || continue
    if ((i == COMP_CWORD - 1)); then
      _fwatchdog_words "$word" $(compgen -c -- "$word")
    fi
    compopt -o default
    return
  done
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  case $before in
{}    *) _fwatchdog_words "$word"{} -- ;;
  esac
}}
complete -F _fwatchdog fwatchdog
)",
      cases, words);
}

namespace {

// `text` with a backslash before each character of `special`, and "'" as the shell has it between
// single quotes.
std::string escaped(std::string_view text, std::string_view special, std::string_view quote) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    if (c == '\'') {
      out += quote;
    } else {
      out += c;
    }
  }
  return out;
}

// A description as _arguments takes it.
std::string for_zsh(std::string_view text) {
  return escaped(text, "\\[]:", "'\\''");
}

std::string for_fish(std::string_view text) {
  return escaped(text, "\\", "\\'");
}

// What _arguments completes a value with.
std::string zsh_action(const OptionValue& value) {
  switch (value.completion) {
    case Completion::kWords:
      return value.words == nullptr ? " " : fmt::format("({})", listed(value.choices()));
    case Completion::kFolders:
      return "_files -/";
    case Completion::kFiles:
      return "_files";
    case Completion::kCommands:
      return "_command_names -e";
  }
  return " ";
}

// The options of fish's `complete` for a value: -x is a value that is no file.
std::string fish_action(const OptionValue& value) {
  switch (value.completion) {
    case Completion::kWords:
      return value.words == nullptr ? "-x" : fmt::format("-x -a '{}'", listed(value.choices()));
    case Completion::kFolders:
      return "-x -a '(__fish_complete_directories (commandline -ct))'";
    case Completion::kFiles:
      return "-r -F";
    case Completion::kCommands:
      return "-x -a '(__fish_complete_command)'";
  }
  return "-x";
}

}  // namespace

std::string zsh_completion() {
  std::string rows;
  for (const ActionRow& action : action_rows()) {
    const std::string topics =
        action.topic.empty() ? "" : fmt::format("::MODE:({})", listed(mode_words()));
    rows += fmt::format("    '--{}[{}]{}' \\\n", action.name, for_zsh(action.meaning), topics);
  }
  for (const Option& option : options()) {
    for (const std::string_view name : option.names()) {
      rows += fmt::format("    '--{}=[{}]:{}:{}' \\\n", long_option(name),
                          for_zsh(option.full_meaning()), option.value.placeholder,
                          zsh_action(option.value));
    }
  }
  // Only behind -- is there another command's line.
  return fmt::format(R"(#compdef fwatchdog

_fwatchdog_command() {{
  (( ${{before[(I)--]}} )) && _normal
}}

_fwatchdog() {{
  local -a before=("${{(@)words[1,CURRENT-1]}}")
  _arguments -S \
{}    '*:::command:_fwatchdog_command'
}}

_fwatchdog "$@"
)",
                     rows);
}

std::string fish_completion() {
  std::string text = fmt::format(R"(function __fwatchdog_command
    set -l words (commandline -opc)
    while set -q words[1]; and test $words[1] != --
        set -e words[1]
    end
    set -e words[1]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

complete -c fwatchdog -f
complete -c fwatchdog -n 'contains -- -- (commandline -opc)' -a '(__fwatchdog_command)'
complete -c fwatchdog -n '__fish_prev_arg_in --help' -a '{}'
)",
                                 listed(mode_words()));
  for (const ActionRow& action : action_rows()) {
    text +=
        fmt::format("complete -c fwatchdog -l {} -d '{}'\n", action.name, for_fish(action.meaning));
  }
  for (const Option& option : options()) {
    for (const std::string_view name : option.names()) {
      text += fmt::format("complete -c fwatchdog -l {} {} -d '{}'\n", long_option(name),
                          fish_action(option.value), for_fish(option.full_meaning()));
    }
  }
  return text;
}

}  // namespace watchdog
