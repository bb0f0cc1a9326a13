#include "config/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "config/completions.h"
#include "config/help.h"
#include "config/manual.h"
#include "config/misspelling.h"
#include "config/options.h"

namespace watchdog {

namespace {

using Action = CommandLine::Action;
using Words = std::vector<std::string>;

constexpr ActionRow kActions[] = {
    {"help", "[MODE]", Action::kHelp, nullptr, "print the options, or those of one mode"},
    {"version", "", Action::kShowVersion, nullptr, "print the version"},
    {"licenses", "", Action::kHelp, linked_libraries,
     "print what is linked in, with versions and licenses"},
    {"check-config", "", Action::kCheckConfig, nullptr,
     "print the configuration that would be used, or what is wrong with it"},
    {"run-healthcheck", "", Action::kHealthcheck, nullptr,
     "ask the watchdog of this container for its health: exit code 0 or 1"},
    {"markdown", "", Action::kHelp, option_table_markdown, "print the options as a table"},
    {"man", "", Action::kHelp, manual_page, "print the manual page"},
    {"bash-completion", "", Action::kHelp, bash_completion,
     "print what bash needs to complete options"},
    {"zsh-completion", "", Action::kHelp, zsh_completion, "print what zsh needs"},
    {"fish-completion", "", Action::kHelp, fish_completion, "print what fish needs"},
};

// Everything that can be said, as CLI11 knows it.
class Grammar {
 public:
  Grammar() {
    app_.allow_extras();
    app_.set_help_flag();
  }

  void declare_all() {
    for (const ActionRow& row : kActions) {
      CLI::Option* action = row.topic.empty() ? app_.add_flag(fmt::format("--{}", row.name))
                                              : app_.add_option(fmt::format("-h,--{}", row.name));
      if (row.topic.empty()) {
        action->disable_flag_override();
      } else {
        action->expected(0, 1);
      }
      action->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      action->group(std::string(kActionGroup));
      actions_.emplace_back(action, &row);
    }
    for (const Option& option : options()) {
      for (const std::string_view name : option.names()) declare(option, name);
    }
  }

  // All that a start without arguments can find. To declare the others takes longer than all else
  // that is done before the port is open.
  void declare_those_in_the_environment() {
    for (const Option& option : options()) {
      for (const std::string_view name : option.names()) {
        if (std::getenv(std::string(name).c_str()) != nullptr) declare(option, name);
      }
    }
  }

  CLI::App& app() { return app_; }

  struct Declared {
    CLI::Option* option;
    const Option* row;
    std::string_view name;  // the row's or its alias
  };
  const std::vector<Declared>& settings() const { return settings_; }
  const std::vector<std::pair<CLI::Option*, const ActionRow*>>& actions() const { return actions_; }

  // What --help prints, or, where `mode` is not null, --help MODE. Few starts ask for it, so that
  // nothing is described before.
  std::string help_text(const ModeInfo* mode) {
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.description(help_introduction(mode));
    app_.footer(help_conclusion());
    for (const auto& [action, row] : actions_) {
      action->option_text(row->topic.empty() ? "" : fmt::format(" {}", row->topic));
      action->description(std::string(row->meaning));
    }
    for (const Declared& each : settings_) describe(each, mode);
    return app_.help();
  }

 private:
  static constexpr std::string_view kActionGroup = "Actions";

  void declare(const Option& option, std::string_view name) {
    CLI::Option* declared = app_.add_option("--" + long_option(name));
    declared->envname(std::string(name))->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    settings_.push_back({declared, &option, name});
  }

  static void describe(const Declared& each, const ModeInfo* mode) {
    const Option& row = *each.row;
    const bool shown = each.name == row.name && (mode == nullptr || row.modes().contains(*mode));
    each.option->group(shown ? heading(*row.group) : std::string());
    each.option->type_name(std::string(row.value.placeholder));
    each.option->description(mode == nullptr ? row.full_meaning() : std::string(row.meaning));
    each.option->default_str(
        std::string(mode == nullptr ? row.usual.text : row.default_in(*mode).text));
  }

  CLI::App app_;
  std::vector<std::pair<CLI::Option*, const ActionRow*>> actions_;
  std::vector<Declared> settings_;
};

std::string_view name_in(std::string_view word) {
  return word.substr(0, word.find('='));
}

// Respells what CLI11 does not know: one dash before a long option, as Go's flags have it, becomes
// two, and an option with an empty value, which counts as unset, is left out.
Words respelled(const CLI::App& app, Words words) {
  Words all;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = std::move(words[i]);
    const bool one_dash = word.size() > 2 && word[0] == '-' && word[1] != '-';
    const std::string longer = "-" + std::string(name_in(word));
    if (one_dash && app.get_option_no_throw(longer) != nullptr) word.insert(0, "-");
    const std::string_view name = name_in(word);
    const CLI::Option* option = app.get_option_no_throw(std::string(name));
    const bool takes_value = option != nullptr && option->get_items_expected_min() > 0;
    const bool follows = takes_value && name.size() == word.size() && i + 1 < words.size();
    if (takes_value && word.size() == name.size() + 1) continue;  // "--port="
    if (follows && words[i + 1].empty()) {
      ++i;
      continue;
    }
    all.push_back(std::move(word));
    if (follows) all.push_back(std::move(words[++i]));
  }
  return all;
}

std::string unknown_option(std::string_view word, const CLI::App& app) {
  std::string text = fmt::format("unknown option {}", name_in(word));
  Words known;
  for (const CLI::Option* option : app.get_options()) known.push_back(option->get_lnames().front());
  std::string_view bare = name_in(word);
  bare.remove_prefix(bare.starts_with("--") ? 2 : 1);
  const std::string_view meant = likely_word(bare, known);
  if (!meant.empty()) text += fmt::format("; did you mean --{}?", meant);
  return text;
}

// What CLI11 could make nothing of.
void append_unknown(const CLI::App& app, Words& errors) {
  bool may_be_value = false;  // of an option that we do not know
  for (const std::string& word : app.remaining()) {
    const bool is_option = word.size() > 1 && word.front() == '-';
    if (is_option) {
      errors.push_back(unknown_option(word, app));
    } else if (!may_be_value) {
      errors.push_back(
          fmt::format("stray argument \"{}\": the function's command comes after --", word));
    }
    may_be_value = is_option && word.find('=') == std::string::npos;
  }
}

// Returns what is wrong with the words, one line each. CLI11 stops at the first error, so it is
// asked again for the words after it.
Words parse(CLI::App& app, const Words& words) {
  Words errors;
  Words rest(words.rbegin(), words.rend());
  for (bool parsed = false; !parsed;) {
    try {
      app.parse(rest);
      parsed = true;
    } catch (const CLI::ArgumentMismatch&) {
      const std::string& word = words[words.size() - rest.size() - 1];
      const bool has_value = name_in(word).size() < word.size();
      errors.push_back(has_value ? fmt::format("{}: it takes no value", word)
                                 : fmt::format("{} needs a value", word));
    }
    append_unknown(app, errors);
  }
  return errors;
}

void refuse(CommandLine& line, Words errors) {
  line.action = Action::kRefuse;
  for (std::string& error : errors) {
    error += error.ends_with('?') ? " see fwatchdog --help" : "; see fwatchdog --help";
    std::replace(error.begin(), error.end(), '\n', ' ');
  }
  line.errors = std::move(errors);
}

void take_settings(const Grammar& grammar, const std::vector<CLI::Option*>& arguments,
                   CommandLine& line) {
  for (const auto& [option, row, name] : grammar.settings()) {
    if (option->count() == 0) continue;
    const bool is_argument =
        std::find(arguments.begin(), arguments.end(), option) != arguments.end();
    line.settings.push_back(
        {std::string(name), option->results().back(),
         is_argument ? Setting::From::kCommandLine : Setting::From::kEnvironment});
  }
  // Knative and Cloud Run say in PORT where a container must listen. Elsewhere PORT is the
  // function's own affair: of-watchdog's images set it for their servers.
  const char* port = std::getenv("PORT");
  if (port != nullptr && std::getenv("K_SERVICE") != nullptr) {
    line.settings.push_back({"port", port, Setting::From::kPlatform});
  }
}

void take_actions(Grammar& grammar, CommandLine& line) {
  const CLI::Option* help = nullptr;
  for (const auto& [action, row] : grammar.actions()) {
    if (action->count() == 0) continue;
    line.action = std::max(line.action, row->action);
    if (row->text != nullptr) line.text = row->text();
    if (!row->topic.empty()) help = action;
  }
  if (help == nullptr || !line.text.empty()) return;  // --help --man
  const std::string& topic = help->results().back();
  const ModeInfo* mode = find_mode(topic);
  if (mode != nullptr || topic.empty()) {
    line.text = grammar.help_text(mode);
  } else {
    refuse(line,
           {fmt::format("--help {}: not a mode; it accepts {}", topic, one_of(mode_words()))});
  }
}

}  // namespace

std::span<const ActionRow> action_rows() {
  return kActions;
}

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  // The command is its own affair: nothing after "--" is an option of ours.
  const char* const* end = argv + argc;
  const char* const* first = argc > 0 ? argv + 1 : end;
  const char* const* dashes =
      std::find_if(first, end, [](std::string_view word) { return word == "--"; });
  Words errors;
  if (dashes != end) {
    line.command.assign(dashes + 1, end);
    if (line.command.empty() || line.command.front().empty()) {
      errors.emplace_back("there is no command after --");
    }
  }
  Grammar grammar;
  if (first == dashes) {
    grammar.declare_those_in_the_environment();
  } else {
    grammar.declare_all();
  }
  const Words words = respelled(grammar.app(), Words(first, dashes));
  Words wrong = parse(grammar.app(), words);
  std::move(wrong.begin(), wrong.end(), std::back_inserter(errors));
  if (!errors.empty()) {
    refuse(line, std::move(errors));
    return line;
  }
  take_settings(grammar, grammar.app().parse_order(), line);
  take_actions(grammar, line);
  return line;
}

}  // namespace watchdog
