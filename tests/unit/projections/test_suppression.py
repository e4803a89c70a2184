"""Public figures tell of no small count, and nobody can compute one from what they do tell."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from projections.suppression import TOTAL, Cell, publish_margin, with_sums, withheld_of_table

LEAST = 5
NAMES = "abcd"
CELLS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.one_of(st.integers(0, 6), st.integers(0, 60))),
    max_size=16,
)
MARGINS = st.dictionaries(st.sampled_from("abcde"), st.one_of(st.integers(0, 6), st.integers(0, 60)), max_size=5)


def test_a_lone_small_cell_takes_others_with_it() -> None:
    cells = {("a", "x"): (3,), ("a", "y"): (20,), ("b", "x"): (30,), ("b", "y"): (40,)}
    assert withheld_of_table(cells, LEAST) == set(cells)


def test_what_is_large_or_nothing_is_told() -> None:
    assert withheld_of_table({("a", "x"): (5,), ("a", "y"): (0,), ("b", "y"): (7,)}, LEAST) == set()
    assert publish_margin({"a": 0, "b": 5}, 5, LEAST) == {"a": 0, "b": 5}


def test_a_margin_withholds_with_a_small_part_the_next_smallest() -> None:
    assert publish_margin({"a": 3, "b": 10, "c": 90}, 103, LEAST) == {"a": None, "b": None, "c": 90}
    assert publish_margin({"a": 90}, 93, LEAST) == {"a": None}
    assert publish_margin({"a": 1, "b": 1, "c": 8, "d": 9}, 19, LEAST) == {"a": None, "b": None, "c": None, "d": 9}
    assert publish_margin({"a": 1, "b": 2}, 3, LEAST) == {"a": None, "b": None}


@given(MARGINS, st.integers(0, 8))
def test_no_part_of_a_margin_is_small_or_left_over(margin: dict[str, int], rest: int) -> None:
    total = sum(margin.values()) + rest
    told = publish_margin(margin, total, LEAST)
    assert not any(count is not None and 0 < count < LEAST for count in told.values())
    withheld = [margin[name] for name, count in told.items() if count is None]
    if withheld and total >= LEAST:
        assert sum(withheld) + rest >= LEAST
        assert len(withheld) > 1 or rest


@given(CELLS)
def test_no_withheld_cell_follows_from_the_cells_and_sums_that_are_told(cells: dict[Cell, tuple[int]]) -> None:
    table = with_sums(cells)
    hidden = withheld_of_table(cells, LEAST)
    assert all(any(0 < one < LEAST for one in table[cell]) <= (cell in hidden) for cell in table)
    assert not determined(set(table), hidden)


def determined(table: set[Cell], hidden: set[Cell]) -> set[Cell]:
    """Solve for what is withheld: each row and column, of cells and of sums, adds up to its last."""
    unknown = sorted(hidden)
    equations = []
    for axis in (0, 1):
        for name in {cell[axis] for cell in table}:
            line = {cell for cell in table if cell[axis] == name}
            signs = {cell: Fraction(-1 if cell[1 - axis] == TOTAL else 1) for cell in line}
            equations.append([signs.get(cell, Fraction(0)) for cell in unknown])
    reduced = reduce(equations)
    return {unknown[row.index(Fraction(1))] for row in reduced if sum(value != 0 for value in row) == 1}


def reduce(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Bring equations to reduced echelon form: an unknown that stands alone in a row is known."""
    done: list[list[Fraction]] = []
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((row for row in rows if row[column] and not any(row[:column])), None)
        if pivot is None:
            continue
        rows = [row for row in rows if row is not pivot]
        pivot = [value / pivot[column] for value in pivot]
        rows = [[a - row[column] * b for a, b in zip(row, pivot, strict=True)] for row in rows]
        done = [[a - row[column] * b for a, b in zip(row, pivot, strict=True)] for row in done]
        done.append(pivot)
    return done
