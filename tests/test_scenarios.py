"""Runs the scenario files: what a person types, and what must come of it; each file in a folder of its own.

# a comment                       comity ...      must succeed      ! comity ...    must fail
@ma comity ...                    with the node folder ma
NAME=value comity ...             with a variable of the environment, for this command
stdout 'regex'  stderr 'regex'    what the last command printed; a named group becomes a variable: $key
! stdout 'regex'                  what it did not print
exit 2                            how the last command ended
later 2d                          from here on the clock is two days ahead (d, h, m)
organisation ma no et             found an organisation of these bureaus, each with a node and an officer
carry ma no                       let these nodes work and move what leaves; the others do not answer
relay r1 r2                       add relays, each with a folder, and let every node know of them
over r1 r2 carry ma no            the same where nobody is reached but over these relays; the others do not answer
registry                          let the secretariat sign the registry anew, and every node and relay fetch it
role ma                           write the offline role key of a bureau to ma-role.key
lose ma                           take the machine of a node away: its folder is called ma-lost from here on
write FILE 'text'                 write a file
alter FILE 'regex' 'text'         change a file where the regex fits first
"""

import os
import re
import shlex
import string
from pathlib import Path
from types import SimpleNamespace

import pytest

from comity.faces.cli import main
from comity.node import clock
from tests import organisation, relayed

FILES = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
START = 1_767_603_600
"""2026-01-05T09:00:00Z, in seconds: every scenario begins then, and only `later` moves the clock."""
UNITS = {"d": 86_400, "h": 3_600, "m": 60}
SECRETS = ("COMITY_PASSPHRASE", "COMITY_KEY_PASSPHRASE", "COMITY_ROLE_PASSPHRASE", "COMITY_OFFICER_PASSPHRASE")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_scenario(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(SECRETS):
        monkeypatch.setenv(name, f"passphrase number {number}")
    at, code, out = START, 0, {"stdout": "", "stderr": ""}
    found: dict[str, str] = {}
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: at * 10**9))
    for number, line in enumerate(file.read_text().splitlines(), 1):
        words = shlex.split(line, comments=True)
        told = f"{file.name}:{number}: {line}\nexit {code}\n{out['stdout']}{out['stderr']}"
        match words:
            case []:
                pass
            case ["stdout" | "stderr" as stream, regex]:
                match_ = re.search(regex, out[stream], re.MULTILINE)
                assert match_, told
                found |= match_.groupdict()
            case ["exit", status]:
                assert code == int(status), told
            case ["!", "stdout" | "stderr" as stream, regex]:
                assert not re.search(regex, out[stream], re.MULTILINE), told
            case ["later", amount]:
                at += int(amount[:-1]) * UNITS[amount[-1]]
            case _ if _prepared(words, tmp_path):
                pass
            case _:
                fails, words = words[0] == "!", words[words[0] == "!" :]
                with monkeypatch.context() as patch:
                    while words[0] != "comity":
                        name, _, value = words.pop(0).partition("=")
                        patch.setenv(*(("COMITY_HOME", name[1:]) if name[0] == "@" else (name, value)))
                    code = main([string.Template(word).safe_substitute(found) for word in words[1:]])
                out = dict(zip(("stdout", "stderr"), capsys.readouterr(), strict=True))
                assert (code != 0) is fails, (
                    f"{file.name}:{number}: {line}\nexit {code}\n{out['stdout']}{out['stderr']}"
                )


def _prepared(words: list[str], folder: Path) -> bool:
    """Do what a line says that is neither a command nor an expectation; tell whether it was one."""
    match words:
        case ["organisation", *names]:
            organisation.found(folder, names, passphrase=os.environ[SECRETS[0]])
        case ["carry", *names]:
            organisation.carry(folder, names, passphrase=os.environ[SECRETS[0]])
        case ["over", *names] if "carry" in names:
            place = names.index("carry")
            with relayed.over(folder, names[place + 1 :], names[:place], os.environ[SECRETS[0]]) as federation:
                federation.work()
        case ["relay", *names]:
            organisation.stations(folder, names, passphrase=os.environ[SECRETS[0]])
        case ["registry"]:
            organisation.renew(folder, passphrase=os.environ[SECRETS[0]])
        case ["role", name]:
            organisation.role_file(folder, name, passphrase=os.environ[SECRETS[2]])
        case ["lose", name]:
            (folder / name).rename(folder / f"{name}-lost")
        case ["write", name, text]:
            Path(name).write_text(text)
        case ["alter", name, regex, text]:
            altered, times = re.subn(regex, text, Path(name).read_text(), count=1)
            assert times, f"nothing in {name} is like {regex}"
            Path(name).write_text(altered)
        case _:
            return False
    return True
