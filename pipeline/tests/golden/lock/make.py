"""Writes values.yaml, and by-dvc.yaml: what DVC itself makes of these values.

    pip install 'dvc==3.67.*' && python make.py
"""

import math
import random
import re
import struct
from ast import literal_eval
from pathlib import Path

from dvc.utils.serialize import dumps_yaml, parse_yaml

HERE = Path(__file__).parent

TEXTS = r"""
yes|no|on|off|true|True|FALSE|null|~|Null|010|0o17|0x1F|0b11|1e3|1e-05|1.|.5|.5e3|.5e+3|1_000|_1|-_|+|-|--|---|--- a|...|..|=|<<
<|a: b|a:|:a|:|: |a :b|a #b|a#b|#|# a|?|? a|?a|- x|-x|-|*|*a|&|&a|!|!a|%|%a|@|`|`a|,|,a|[|]|{|}|{a}|[a]|a,b|a]b|a}b||>|'|''|"
it's|"quoted"|say "it's"|'a|a'|a"|2020-01-01|2020-1-1|2020-01-01T10:00:00|2020-01-01 1:00:00.5 +02:00|2020-01-01 10:00|12:30:45|1:2
.inf|-.Inf|.nan|.NaN|nan|inf|1e|e1|1.2.3|1.5e+3|0.|-0|+1|0x|0xg|8|09|0o8| a|a | |  |a  b|\ta|a\tb|é|日本語|😀|a\u00a0b|\u200b|\ufeff|\ufeffa
\x00|\x07|\x1b[0m|\x7f|\x80|it's\x85|\u2028\n|\ud7ff|\ue000|\ufffd|\U0010ffff|a\\b|\\|\\n|a\nb|a\n|\na|\n|\n\n|a\n\nb|a \nb|a\n b|a\r\nb
python train.py --lr 1e-05 && echo 'done: yes' # finished|cat in   > o1  \n\necho 1 > m1; echo {} > m.json; cp -r in2 o2 && chmod +x o1\n
a/very/long/path/without/any/blank/that/does/not/fit/on/one/line/of/eighty/columns/at/all.parquet
b.c d e|${HOME}|$(ls)|a;b|a&&b|a|b|~/x|./x|../x|x/|C:\\x|10%|50 %|a@b|(a)|<a>|a=b|a = b"""
ESCAPE = re.compile(r"\\(?:x..|u....|U.{8}|[ntr\\])")
TEXTS = ["|", "|a"] + [ESCAPE.sub(lambda found: literal_eval(f"'{found[0]}'"), text) for text in re.split(r"[|\n]", TEXTS)]
FLOATS = [0.0, -0.0, 1.0, -1.0, 3.0, 0.1, 0.001, 1e-4, 1e-5, 1.5e-7, 123456.789, 1e15, 1e16, 1e20, -1e20, 1.7976931348623157e308, 5e-324]
FLOATS += [0.1 + 0.2, 1 / 3, 2.5e-8, 1e22, 1e23, math.inf, -math.inf, math.nan, 299792458.0, 6.02214076e23]
INTEGERS = [0, 1, -1, 7, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63)]


def random_text(rng):
    words = ["a", "the", "train.py", "--lr", "0.1", "'x", '"y"', "it's", "&&", "#", ":", "k:", "-", "\\", "é", "😀", "{}", "[1]", "\t", "x" * 30]
    blanks = [" "] * 30 + ["  ", "   ", "\n", "\n\n", " \n", "\n ", "", ""]
    if rng.random() < 0.6:  # mostly one line, as commands are
        blanks = [" "] * 10 + ["  "]
        words = words[:5] + words[8:9] + words[14:17] + words[-1:] + rng.sample(words, 3)
    count = rng.choice([2, 5, 10, 20, 30])
    return "".join(rng.choice(words) + rng.choice(blanks) for _ in range(count))[: rng.choice([20, 80, 100, 200, 400])]


def random_float(rng):
    if rng.random() < 0.5:
        return rng.uniform(-1, 1) * 10 ** rng.randint(-12, 25)
    value = struct.unpack("d", struct.pack("Q", rng.getrandbits(64)))[0]
    return value if math.isfinite(value) else 0.5


def random_value(rng, depth):
    kind = rng.random()
    if depth > 0 and kind < 0.25:
        return [random_value(rng, depth - 1) for _ in range(rng.choice([0, 1, 2, 3]))]
    if depth > 0 and kind < 0.5:
        # No key with blanks reaches column 80: DVC breaks it there and can't read it again.
        keys = [rng.choice([random_text(rng)[:40], random_text(rng)[:160].replace(" ", "_"), "k", "lr", rng.randint(0, 99), True, 1.5]) for _ in range(rng.choice([0, 1, 2, 3]))]
        return {key: random_value(rng, depth - 1) for key in keys if key != ""}
    if kind < 0.6:
        return rng.choice([None, True, False])
    if kind < 0.7:
        return rng.choice(INTEGERS)
    return random_float(rng) if kind < 0.8 else random_text(rng)


def written(value, anchors):
    """One line of YAML that needs no rule but quoting."""
    if isinstance(value, (list, dict)) and id(value) in anchors:
        name, seen = anchors[id(value)]
        if seen:
            return f"*{name}"
        anchors[id(value)] = (name, True)
        return f"&{name} " + written_plain(value, anchors)
    return written_plain(value, anchors)


def written_plain(value, anchors):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return ".nan" if math.isnan(value) else repr(value).replace("inf", ".inf")
    if isinstance(value, str):
        return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08x}" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(written(item, anchors) for item in value) + "]"
    return "{" + ", ".join(f"? {written(key, anchors)} : {written(item, anchors)}" for key, item in value.items()) + "}"


def main():
    rng = random.Random(1)
    stages = {}
    stages["texts"] = {"cmd": TEXTS, "params": {"params.yaml": dict(zip(map("k{}".format, range(len(TEXTS))), TEXTS))}}
    stages["keys"] = {"params": {"params.yaml": {text: 1 for text in TEXTS}, "deep": [{text: [text]} for text in TEXTS]}}
    stages["old breaks"] = {"cmd": ["\x85", "a\x85b", "\u2028", "a\u2028b", "a \u2028b", "a\u2029 b", "it's\u2028", "a b " * 30 + "\u2028\u2029c"]}
    stages["long keys"] = {"k" * n: value for n, value in [(80, 1), (122, [1]), (123, [1, {"a": 2}]), (124, {"a": {"b": []}}), (200, "x " * 60)]}
    stages["words"] = {"cmd": ["x" * n for n in range(70, 85)] + ["a " + "x" * n + " b" for n in range(66, 85)]}
    stages["numbers"] = {"params": {"params.yaml": {"floats": FLOATS, "integers": INTEGERS, "mixed": {1: 2.0, 2.5: None, True: False}}}}
    stages["nested"] = {"a": [[], {}, None, [[]], [[1, [2, []]], {}], [{"a": []}, {"b": {}}], {"c": [None, {"d": None}]}, [None, 1]], "b": {}, "c": []}
    shared, inner, empty = [1, 2], {"x": [3]}, []
    stages["shared"] = {"opt": {"z": shared, "a": inner}, "opt.a": inner, "opt.z": shared, "more": [shared, [inner], empty, {"e": empty}, [[inner["x"]]]]}
    stages["shared again"] = {"later": inner["x"], "new": [empty]}
    for n in range(300):
        stages[f"random {n}"] = {"cmd": random_text(rng) or "a", "params": {"params.yaml": {"value": random_value(rng, 4)}}}
    stages["folded"] = {"cmd": [" ".join(rng.choice(["ab", "abcdef", "a'b", 'a"b', "é", "a:", "-"]) for _ in range(40)) for _ in range(60)]}
    lock = dumps_yaml({"schema": "2.0", "stages": stages})
    # DVC loses a second blank where it folds, and YAML 1.1's line breaks.
    read = parse_yaml(lock, "by-dvc.yaml")["stages"]
    lost = [name for name, entry in stages.items() if repr(entry) != repr(read[name])]
    anchors = {id(value): (name, False) for name, value in [("s", shared), ("i", inner), ("x", inner["x"]), ("e", empty)]}
    lines = [f"  ? {written(name, anchors)}\n  : {written(entry, anchors)}\n" for name, entry in stages.items()]
    head = f'lost: {written(lost, anchors)}\nschema: "2.0"\nstages:\n'
    (HERE / "values.yaml").write_text(head + "".join(lines), encoding="utf-8")
    (HERE / "by-dvc.yaml").write_bytes(lock.encode())


main()
