#!/usr/bin/env python3
"""Lists the rules of the import and the tests that bear their ids.

A test bears an id in the name of its function: `fn imp_12_account_name_and_email_win` bears IMP-12,
`fn cad_08_09_…` bears CAD-8 and CAD-9, `fn sag_p2_…` bears SAG-P2.

    python3 tests/rules.py            the list
    python3 tests/rules.py --check    fails where a rule of a profile that is there has no test
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = {
    "prospects": [f"IMP-{n}" for n in range(1, 25)],
    "partners": [f"IMP-{n}" for n in range(25, 31)],
    "mailing": [f"DIG-{n}" for n in range(1, 15)],
    "leads": [f"CAD-{n}" for n in range(1, 18)],
    "accounts": [f"SAG-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12)] + ["SAG-P2", "SAG-P3", "SAG-P4"],
}
NAME = re.compile(r"^\s*(?:async )?fn ((imp|dig|cad|sag)((?:_p?\d+)+)_\w+)\s*\(", re.M)


def tests():
    """Gives each rule id the places of its tests."""
    found = {}
    for path in sorted(ROOT.rglob("*.rs")):
        if "target" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        for match in NAME.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            place = f"{path.relative_to(ROOT)}:{line} {match.group(1)}"
            for number in re.findall(r"p?\d+", match.group(3)):
                number = number.upper().lstrip("0") if number[0] != "p" else number.upper()
                found.setdefault(f"{match.group(2).upper()}-{number}", []).append(place)
    return found


def main():
    found, missing = tests(), []
    for profile, rules in RULES.items():
        there = (ROOT / "shared/domain/profiles" / f"{profile}.toml").is_file()
        print(f"{profile}{'' if there else ' (no such profile yet)'}")
        for rule in rules:
            places = found.get(rule, [])
            print(f"  {rule:7} {places[0] if places else '-'}")
            for place in places[1:]:
                print(f"  {'':7} {place}")
            if there and not places:
                missing.append(rule)
    if "--check" in sys.argv and missing:
        sys.exit(f"no test bears: {', '.join(missing)}")


if __name__ == "__main__":
    main()
