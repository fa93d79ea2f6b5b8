#!/usr/bin/env python3
"""G10: the import of one row into a home with many accounts and contacts, against the same on an empty home.

The large home is made once, with the whole list; each round imports a row that no home has seen.
"""

import itertools

import bench

ROW = "Name,E-mail,Phone,Website,Country,Job title,Address,Note\nAnn {0},ann{0}@one.example,+5511961234567,,BR,,,\n"


def main():
    options = bench.arguments(__doc__, rounds=11).parse_args()
    with bench.Bench(options) as run:
        homes = {"large home": run.home("large"), "empty home": run.home("empty", directory=False)}
        bench.Run(run.import_of(homes["large home"], run.input("contacts", options.rows)))
        number = itertools.count()

        def side(home):
            def one_row():
                path = run.folder / "one.csv"
                path.write_text(ROW.format(next(number)))
                measured = bench.Run(run.import_of(home, path))
                assert measured.code == 0, measured.out
                return measured

            return one_row

        medians = bench.alternate(options.rounds, {name: side(home) for name, home in homes.items()})
    large, empty = medians.values()
    bench.say(f"G10 in cpu seconds: {large.cpu / empty.cpu:.2f}")
    bench.say(f"G10 ratio (goal 1.5, bar 3): {large.wall / empty.wall:.2f}")


if __name__ == "__main__":
    main()
