"""What bash, zsh and fish complete, asked of the shells themselves."""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from harness import Case, run

ZSHRC = """
PS1='ready> '
fpath=({folder}/functions $fpath)
autoload -Uz compinit
compinit -u -D
unsetopt zle_bracketed_paste beep list_beep prompt_cr prompt_sp
bindkey -e
"""


class Completion(Case):
    def test_bash_completes_options_modes_and_commands(self):
        script = run("--help", "--bash-completion").stdout
        for words, expected in (("--exec", "--exec-timeout"), ("--mode fast", "fastcgi"), ("--restart al", "always"),
                                ("-- prlim", "prlimit")):
            count = len(words.split())
            result = subprocess.run(["bash", "-c", f"{script}\nCOMP_WORDS=(fwatchdog {words}); COMP_CWORD={count}; "
                                     "_fwatchdog; echo ${COMPREPLY[@]}"], capture_output=True, text=True)
            self.assertEqual(set(result.stdout.split()), {expected}, result.stderr)

    def completed(self, typed, folder, shell="bash"):
        """What bash or zsh makes of a line when TAB is pressed, at a terminal."""
        master, terminal = pty.openpty()
        script = run("--help", f"--{shell}-completion").stdout
        if shell == "bash":
            Path(folder, "rc").write_text(script + "bind 'set bell-style none'\nPS1='ready> '\n")
            command = ["bash", "--noprofile", "--rcfile", f"{folder}/rc", "-i"]
        else:
            Path(folder, "functions").mkdir(exist_ok=True)
            Path(folder, "functions/_fwatchdog").write_text(script)
            Path(folder, ".zshrc").write_text(ZSHRC.format(folder=folder))
            command = ["zsh", "-i"]
        shell = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=folder,
                                 start_new_session=True,
                                 env={"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": folder, "ZDOTDIR": folder})
        os.close(terminal)
        seen = b""

        def read_until(part):
            nonlocal seen
            deadline = time.monotonic() + 20
            while part not in seen:
                left = deadline - time.monotonic()
                self.assertTrue(left > 0 and select.select([master], [], [], left)[0], seen)
                seen += os.read(master, 4096)

        try:
            read_until(b"ready> ")
            seen = b""
            # What comes behind it shows that the completion is over.
            os.write(master, typed.encode() + b"\t#over")
            read_until(b"#over")
            return seen.decode().partition("#over")[0]
        finally:
            shell.kill()
            shell.wait()
            os.close(master)

    def test_at_a_terminal_values_after_an_equals_sign_and_names_with_spaces_are_completed(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/my site")
            Path(folder, "my page.html").touch()
            for typed, line in (("fwatchdog --mode=st", None), ("fwatchdog --mode=str", "fwatchdog --mode=streaming "),
                                ("fwatchdog --mode fastc", "fwatchdog --mode fastcgi "),
                                ("fwatchdog --prefix-logs=f", "fwatchdog --prefix-logs=false "),
                                ("fwatchdog --combined-output t", "fwatchdog --combined-output true "),
                                ("fwatchdog --stop-signal=Q", "fwatchdog --stop-signal=QUIT "),
                                ("fwatchdog --healthc", "fwatchdog --healthcheck-interval "),
                                ("fwatchdog --static-path my", r"fwatchdog --static-path my\ site/"),
                                ("fwatchdog --watch=my", r"fwatchdog --watch=my\ site/"),
                                ('fwatchdog --document-root "my', 'fwatchdog --document-root "my site"/'),
                                ("fwatchdog -- cat my\\ p", r"fwatchdog -- cat my\ page.html "),
                                ("fwatchdog -- prlim", "fwatchdog -- prlimit ")):
                with self.subTest(typed=typed):
                    shown = self.completed(typed, folder)
                    # "st" may be streaming or static: what both begin with.
                    self.assertEqual(shown, line or typed)

    def test_zsh_completes_options_values_files_and_commands_at_a_terminal(self):
        self.assertTrue(shutil.which("zsh"), "this test needs zsh: apt-get install zsh")
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/my site")
            Path(folder, "my page.html").touch()
            for typed, line in (("--healthc", "--healthcheck-interval="), ("--mode fastc", "--mode fastcgi "),
                                ("--mode=str", "--mode=streaming "), ("--help ser", "--help serializing "),
                                ("--prefix-logs=f", "--prefix-logs=false "), ("--check-c", "--check-config "),
                                ("--static-path my", "--static-path my\\ site/"), ("--port 80", "--port 80"),
                                ("--fprocess prlim", "--fprocess prlimit "), ("prlim", "prlim"),
                                ("-- prlim", "-- prlimit "), ("-- cat my\\ p", "-- cat my\\ page.html ")):
                with self.subTest(typed=typed):
                    shown = self.completed("fwatchdog " + typed, folder, "zsh")
                    while "\b" in shown:  # what zsh writes again
                        shown = re.sub("[^\b]\b", "", shown, count=1)
                    self.assertEqual(re.sub(r"\x1b\[\?2004.|\a", "", shown), "fwatchdog " + line)

    def test_fish_completes_options_values_files_and_commands(self):
        self.assertTrue(shutil.which("fish"), "this test needs fish: apt-get install fish")
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/my site")
            Path(folder, "my page.html").touch()
            Path(folder, "fwatchdog.fish").write_text(run("--help", "--fish-completion").stdout)
            for typed, words in (("--mo", {"--mode"}), ("--mode fast", {"fastcgi"}), ("--mode=st", {"--mode=static", "--mode=streaming"}),
                                 ("--restart al", {"always"}), ("--help ser", {"serializing"}), ("--check-c", {"--check-config"}),
                                 ("--static-path my", {"my site/"}), ("--auth-jwks my", {"my site/", "my page.html"}),
                                 ("--port ", set()), ("--fprocess prlim", {"prlimit"}), ("prlim", set()),
                                 ("-- prlim", {"prlimit"}), ("-- cat my", {"my site/", "my page.html"})):
                with self.subTest(typed=typed):
                    result = subprocess.run(["fish", "-N", "-c", f"source fwatchdog.fish; complete -C 'fwatchdog {typed}'"],
                                            cwd=folder, capture_output=True, text=True,
                                            env={"PATH": os.environ["PATH"], "HOME": folder})
                    self.assertEqual({line.split("\t")[0] for line in result.stdout.splitlines()}, words, result.stderr)

    def test_zsh_and_fish_describe_each_option(self):
        help_text = run("--help").stdout
        options = set(re.findall(r"(?m)^  --([\w-]+) ", help_text))
        self.assertGreater(len(options), 60)
        zsh = dict(re.findall(r"(?m)^    '--([\w-]+)=?\[(.+?[^\\])\]", run("--help", "--zsh-completion").stdout))
        fish = dict(re.findall(r"(?m)^complete -c fwatchdog -l ([\w-]+) .*-d '(.+)'$", run("--help", "--fish-completion").stdout))
        self.assertLessEqual(options, zsh.keys())
        self.assertEqual(zsh.keys(), fish.keys())
        for name in options:
            plain = [re.sub(r"\\(.)", r"\1", text.replace("'\\''", "'")) for text in (zsh[name], fish[name])]
            self.assertEqual(*plain)
