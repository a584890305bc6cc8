"""The documents keep their promises: generated pages are fresh, examples run, links lead somewhere."""

import re
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

from docs import generate

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "changes").glob("*.md"), *ROOT.glob("tests/**/*.md")])
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))

HEADINGS = ["Context", "Decision", "Options not taken", "Consequences", "Source"]
DECISION_LINES = 60
STATUS = re.compile(r"^Status: (accepted|superseded by \d{4}), \d{4}-\d{2}-\d{2}$", re.MULTILINE)
SECTIONS = {"security", "wire", "added", "changed", "fixed"}

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CITED = re.compile(r"\bdecisions?\s(0\d{3}(?:(?:,| and|, and)\s0\d{3})*)")


def name_of(path: Path) -> str:
    """Return a path as seen from the top of the tree; short names for pytest's ids."""
    return str(path.relative_to(ROOT))


GENERATED = generate.pages()
"""Made once: all of them cost some seconds, however many are looked at."""


@pytest.mark.parametrize("path", GENERATED, ids=name_of)
def test_a_generated_page_says_what_the_code_says(path: Path) -> None:
    """`make docs` writes it again."""
    assert path.exists(), "run make docs"
    assert path.read_text() == GENERATED[path], "run make docs"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_the_python_examples_of_a_page_run(path: Path) -> None:
    """Blocks marked `python` run, top to bottom, as one program; `console` and `text` do not."""
    document = Sybil(parsers=[PythonCodeBlockParser(), SkipParser()]).parse(path)
    for example in document.examples():
        example.evaluate()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_relative_link_leads_to_a_file(path: Path) -> None:
    """Links to the web are not followed: a test needs no network."""
    text = FENCE.sub("", path.read_text())
    targets = [target.partition("#")[0] for target in LINK.findall(text) if "://" not in target]
    dead = [target for target in targets if target and not target.startswith("mailto:")]
    dead = [target for target in dead if not (path.parent / target).exists()]
    assert not dead, "mend the link or write the page"


# --------------------------------------------------------------------------------------------------------- decisions


def test_decisions_are_numbered_without_a_hole() -> None:
    """A number is given once; a decision that fell is superseded, not taken away."""
    numbers = [path.name[:4] for path in DECISIONS]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: str(path.stem))
def test_a_decision_is_one_page_with_five_headings(path: Path) -> None:
    """`# NNNN Title`, its status with a date, then Context, Decision, Options not taken, Consequences, Source."""
    text = path.read_text()
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", path.stem)
    assert text.startswith(f"# {path.name[:4]} "), "the first line is '# NNNN Title'"
    assert STATUS.search(text), "write 'Status: accepted, YYYY-MM-DD' or 'Status: superseded by NNNN, YYYY-MM-DD'"
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert text.count("\n") <= DECISION_LINES, "one page; half a page today beats a perfect page later"
    empty = [title for title in HEADINGS if re.search(rf"^## {title}\s*(^## |\Z)", text, re.MULTILINE)]
    assert not empty, "say it in a sentence"


def test_every_decision_that_is_cited_exists() -> None:
    """A number in a comment is a promise that the reason can be read."""
    known = {path.name[:4] for path in DECISIONS}
    missing = set()
    for path in [*ROOT.glob("comity/**/*.py"), *ROOT.glob("tests/**/*.py"), *PAGES]:
        for numbers in CITED.findall(path.read_text()):
            missing |= {
                f"{number} in {name_of(path)}" for number in re.findall(r"\d{4}", numbers) if number not in known
            }
    assert not missing, "write the decision, or cite the right one"


# ----------------------------------------------------------------------------------------------------------- changes


def test_a_fragment_of_changes_names_its_section() -> None:
    """`changes/<branch>.<section>.md`, see changes/README.md."""
    fragments = [path for path in (ROOT / "changes").glob("*.md") if path.name != "README.md"]
    wrong = [
        path.name for path in fragments if path.name.split(".")[1:] not in ([section, "md"] for section in SECTIONS)
    ]
    assert not wrong, f"the section is one of {sorted(SECTIONS)}"
